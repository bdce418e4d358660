"""The channel of what is done now: of an event, of an item of the queue, of an overlay, of a page of the dashboard.

Whatever is said, asked or counted in the block of `within` is of that channel. Outside of any, "" is of all channels.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType

from django.db.models import Q

# Its id, and the same where it is another channel than the first, else "".
_here: ContextVar[tuple[str, str]] = ContextVar("channel", default=("", ""))


def present() -> str:
    """Return the id of the channel of what is done now; "" where it is of none, or of all."""
    return _here.get()[0]


def apart(key: str) -> str:
    """Return a name for what each channel has for itself: a pause, say. The first channel has the plain name."""
    other = _here.get()[1]
    return f"{other}.{key}" if other else key


def is_here(*, nullable: bool = False) -> Q:
    """Return the condition that a row's `channel_id` is of this channel, or of none; without a channel every row is.

    `nullable`: none may be NULL there.
    """
    here = _here.get()[0]
    if not here:
        return Q()
    return Q(channel_id=here) | Q(channel_id=None) if nullable else Q(channel_id__in=(here, ""))


# A class, not a generator: each event enters it, which would cost several times as much.
class within:
    """Let what the block does be of this channel."""

    __slots__ = ("_here", "_token")

    def __init__(self, channel_id: str, *, is_other: bool = False) -> None:
        """Take the channel's id ("" is of none), and whether it is another than the first, for `apart`."""
        self._here = (channel_id, channel_id if is_other else "")
        self._token: Token[tuple[str, str]] | None = None

    def __enter__(self) -> None:
        self._token = _here.set(self._here)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._token is not None
        _here.reset(self._token)
