"""The channel of what is done now: of an event, of an item of the queue, of an overlay, of a page of the dashboard.

Whatever is said, asked or counted in the block of `within` is of that channel. Outside of any, "" is of all channels.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType

from django.db.models import Q

_channel: ContextVar[str] = ContextVar("channel", default="")
# The same where it is another channel than the first; else "".
_other: ContextVar[str] = ContextVar("other_channel", default="")


def present() -> str:
    """Return the id of the channel of what is done now; "" where it is of none, or of all."""
    return _channel.get()


def apart(key: str) -> str:
    """Return a name for what each channel has for itself: a pause, say. The first channel has the plain name."""
    other = _other.get()
    return f"{other}.{key}" if other else key


def is_here(*, nullable: bool = False) -> Q:
    """Return the condition that a row's `channel_id` is of this channel, or of none; without a channel every row is.

    `nullable`: none may be NULL there.
    """
    here = _channel.get()
    if not here:
        return Q()
    return Q(channel_id=here) | Q(channel_id=None) if nullable else Q(channel_id__in=(here, ""))


# A class, not a generator: each event enters it, which would cost several times as much.
class within:
    """Let what the block does be of this channel."""

    __slots__ = ("_channel_id", "_is_other", "_tokens")

    def __init__(self, channel_id: str, *, is_other: bool = False) -> None:
        """Take the channel's id ("" is of none), and whether it is another than the first, for `apart`."""
        self._channel_id, self._is_other = channel_id, is_other
        self._tokens: tuple[Token[str], Token[str]] | None = None

    def __enter__(self) -> None:
        self._tokens = _channel.set(self._channel_id), _other.set(self._channel_id if self._is_other else "")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._tokens is not None
        _channel.reset(self._tokens[0])
        _other.reset(self._tokens[1])
