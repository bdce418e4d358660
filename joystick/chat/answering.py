"""What answers a word after ! that is the streamer's own: a command, or a counter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from economy.models import Viewer
from joystick.chat import counters, custom
from joystick.registry import Call

# Does what was asked, and returns the line that is said, "" for none. May raise Refused.
Answer = Callable[[Call], str]


def find(word: str) -> Answer | None:
    """Return what answers the word; None where it is nobody's."""
    own = custom.current().get(word)
    if own is not None:
        return partial(custom.run, own)
    return counters.run if word in counters.names() else None


def listed(viewer: Viewer, *, role: int, is_live: bool) -> list[str]:
    """Return the words of the commands that the viewer, in this role, may use now, and that are not hidden."""
    found = [entry for entry in custom.current().values() if entry.is_listed and role >= entry.role]
    if any(entry.min_level > 1 for entry in found):
        found = [entry for entry in found if entry.min_level <= custom.level_of(viewer)]
    return sorted({entry.word for entry in found if is_live or not entry.live_only})


def names(*, role: int) -> list[str]:
    """Return the words of all commands that are for the role and are not hidden."""
    return sorted({entry.word for entry in custom.current().values() if entry.is_listed and role >= entry.role})


def follow_rows() -> None:
    """Take commands and counters from their rows, in this process."""
    custom.follow_rows()
    counters.follow_rows()


def read_again() -> None:
    """Have the rows read when they are next asked for."""
    custom.stored.read_again()
    counters.stored.read_again()


def use_rows_each_time() -> None:
    """Read the rows each time, which tests do."""
    custom.stored.use(None)
    counters.stored.use(None)
