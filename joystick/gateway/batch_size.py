"""How many events share one transaction, and of which channels they are."""

from __future__ import annotations

import asyncio
from collections import deque

from joystick.protocol.frames import ReceivedFrame

MIN_EVENTS = 100
MAX_EVENTS = 4000
# Where several channels are heard, a batch is short: the lines of one wait for those of all others in it.
SHARED_FIRST = 15
SHARED_MIN = 5


class BatchSize:
    """An adaptive batch size that aims at TARGET_SECONDS for each transaction.

    Larger batches cost less per event, but block other writers longer: a worker that claims an item, the dashboard.
    """

    TARGET_SECONDS = 0.25
    SHARED_SECONDS = 0.015

    def __init__(self) -> None:
        self.size = 500
        self._channels: set[str] = set()
        self._least, self._seconds = MIN_EVENTS, self.TARGET_SECONDS

    @property
    def room(self) -> int:
        """How many events may be read before they are stored: of several channels more, to find those of the others
        behind a flood of one.
        """
        return MAX_EVENTS if len(self._channels) > 1 else self.size

    def hear(self, channel_id: str) -> None:
        """Take into account that an event of a channel came."""
        if not channel_id or channel_id in self._channels:
            return
        self._channels.add(channel_id)
        if len(self._channels) == 2:
            self.size, self._least, self._seconds = SHARED_FIRST, SHARED_MIN, self.SHARED_SECONDS

    def record(self, count: int, seconds: float) -> None:
        """Adapt to a batch of `count` events that was stored in `seconds`."""
        if count < self.size:
            return  # the time of a part-filled batch is mostly fixed cost, and says little about a full one
        ideal = int(count * self._seconds / max(seconds, 0.001))
        # At most double or halve in one step: a single wait for the disk should not change much.
        self.size = max(self._least, min(MAX_EVENTS, max(self.size // 2, min(self.size * 2, ideal))))


class Waiting(asyncio.Queue[ReceivedFrame]):
    """The events that wait to be stored: each channel's in their order, and the channels in turn."""

    def _init(self, maxsize: int) -> None:
        self._queue = _Turns()

    def _put(self, item: ReceivedFrame) -> None:
        self._queue.append(item)

    def _get(self) -> ReceivedFrame:
        return self._queue.popleft()


class _Turns:
    def __init__(self) -> None:
        self._of: dict[str, deque[ReceivedFrame]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, frame: ReceivedFrame) -> None:
        self._of.setdefault(frame.event.channel_id if frame.event is not None else "", deque()).append(frame)
        self._count += 1

    def popleft(self) -> ReceivedFrame:
        channel = next(iter(self._of))
        frames = self._of[channel]
        frame = frames.popleft()
        self._count -= 1
        if not frames or len(self._of) > 1:
            del self._of[channel]
            if frames:  # behind the others
                self._of[channel] = frames
        return frame
