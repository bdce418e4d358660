"""What answers a word after ! that is the streamer's own: a command, or a counter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

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


def listed(*, role: int, is_live: bool = True) -> list[str]:
    """Return the words of the commands that somebody of the role may use, now that it is live or not, and that are not
    hidden.
    """
    known = custom.current().values()
    found = (entry for entry in known if role >= entry.role and (is_live or not entry.live_only))
    return sorted({entry.word for entry in found if entry.is_listed})


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
