"""The actions waiting to be sent, each channel's in a queue and at a pace of its own.

Joystick's one socket carries all channels: one that has much to say takes turns with the others, line by line.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace

from joystick.gateway.outgoing.actions import SPOKEN, Action, Listing
from joystick.gateway.outgoing.waiting import BURST, MIN_INTERVAL, MODERATION, Outgoing
from joystick.gateway.pace import TokenBucket


@dataclass(slots=True, eq=False)
class _Channel:
    """A channel's lines, its pace, and when one of them was sent last (monotonic seconds)."""

    lines: Outgoing
    pace: TokenBucket
    sent_at: float = field(default=-MIN_INTERVAL)

    def head(self) -> tuple[Action | None, float | None]:
        """Return the action that may be sent now, or in how many seconds there may be one; twice None for neither."""
        head = self.lines.head()
        if head is None:
            return None, self.lines.held_for()
        # The server keeps no order of what is sent close together: within a channel, that matters.
        wait = self.sent_at + MIN_INTERVAL - time.monotonic()
        if head.name in SPOKEN:  # moderation waits for no pace
            wait = max(wait, self.pace.seconds_until_next())
        return (None, wait) if wait > 0 else (head, None)


class ByChannel:
    """The queues of all channels. Not thread-safe: it belongs to one event loop."""

    def __init__(self, *, interval: float = 1.0, max_chars: int = 500) -> None:
        """Take the seconds between two lines of a channel, and the length of one."""
        self._channels: dict[str, _Channel] = {}
        self._default = ""
        self._turn: _Channel | None = None
        self._filled = asyncio.Event()
        self.set_limits(interval=interval, max_chars=max_chars)

    def __len__(self) -> int:
        return sum(len(channel.lines) for channel in self._channels.values())

    @property
    def unsaid(self) -> int:
        """How many actions were dropped."""
        return sum(channel.lines.unsaid for channel in self._channels.values())

    def set_limits(self, *, interval: float, max_chars: int, listing: Listing | None = None) -> None:
        """Set what `Outgoing.set_limits` takes, for each channel; a new pace begins with a burst."""
        self._interval, self._max_chars, self._listing = interval, max_chars, listing
        for channel in self._channels.values():
            channel.lines.set_limits(interval=interval, max_chars=max_chars, listing=listing)
            channel.pace = TokenBucket(interval, BURST)

    def set_default(self, channel_id: str) -> None:
        """Set the channel of actions without one: also of those that wait because none was known."""
        self._default = channel_id
        nameless = self._channels.pop("", None)
        for action in nameless.lines.pop_all() if nameless is not None else ():
            self.add(action)

    def add(self, action: Action) -> None:
        """Add an action to its channel's; one without a channel waits until one is known."""
        channel_id = action.channel_id or self._default
        channel = self._channels.get(channel_id)
        if channel is None:
            lines = Outgoing(interval=self._interval, max_chars=self._max_chars, listing=self._listing)
            channel = self._channels[channel_id] = _Channel(lines, TokenBucket(self._interval, BURST))
        channel.lines.add(action if action.channel_id else replace(action, channel_id=channel_id))
        self._filled.set()

    async def wait_next(self) -> Action:
        """Wait for an action that may be sent now, and return it. It stays in its queue until it is taken."""
        while True:
            self._filled.clear()
            found = [(channel, *channel.head()) for channel_id, channel in self._channels.items() if channel_id]
            heads = [(channel, head) for channel, head, _ in found if head is not None]
            if heads:
                # Moderation first; else whose turn was longest ago.
                self._turn, head = min(heads, key=lambda pair: (pair[1].priority != MODERATION, pair[0].sent_at))
                return head
            waits = [seconds for *_, seconds in found if seconds is not None]
            with suppress(TimeoutError):
                # Not asyncio.wait_for: before Python 3.12 it loses a cancellation that comes with the event, and the
                # sender, which is to end then, waits on for ever.
                async with asyncio.timeout(min(waits, default=None)):
                    await self._filled.wait()

    def take(self) -> Action:
        """Remove the action that `wait_next` has returned and return it, maybe as one with others of its channel.

        It is to be sent at once.
        """
        assert self._turn is not None
        self._turn.sent_at = time.monotonic()
        return self._turn.lines.take(self._turn.pace.at_once)

    def count(self) -> None:
        """Take into account that a line was said."""
        assert self._turn is not None
        self._turn.pace.count()

    def put_back(self) -> None:
        """Put back what was taken last: the socket broke before it was sent."""
        assert self._turn is not None
        self._turn.lines.put_back()
        self._filled.set()

    def keep_answers(self) -> None:
        """Drop everything but answers and moderation: the bot is about to stop."""
        for channel in self._channels.values():
            channel.lines.keep_answers()
