"""The channel of what is done now: of an event, of an item of the queue, of an overlay, of a page of the dashboard.

Whatever is said, asked or counted in the block of `within` is of that channel. Outside of any, "" is of all channels.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType

from django.db.models import Q

_channel: ContextVar[str] = ContextVar("channel", default="")


def present() -> str:
    """Return the id of the channel of what is done now; "" where it is of none, or of all."""
    return _channel.get()


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

    __slots__ = ("_channel_id", "_token")

    def __init__(self, channel_id: str) -> None:
        """Take the channel's id; "" is of none."""
        self._channel_id = channel_id
        self._token: Token[str] | None = None

    def __enter__(self) -> None:
        self._token = _channel.set(self._channel_id)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._token is not None
        _channel.reset(self._token)
