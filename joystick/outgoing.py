"""Lines on their way to chat: in order, a few at most, none said too late."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from dataclasses import dataclass

log = logging.getLogger("chat")

MOST = 50
TOO_LATE = 60.0
"""Seconds after which an answer is not worth saying any more."""


@dataclass(frozen=True, slots=True)
class Line:
    """`at`: when it was meant to be said (Unix seconds). Without a channel id: the channel last heard from."""

    text: str
    channel_id: str = ""
    at: float = 0.0


class Outgoing:
    """A short queue of lines. One event loop fills and empties it."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque()
        self._filled = asyncio.Event()

    def put(self, line: Line) -> None:
        """Add a line; of too many, the oldest is dropped with a word in the log."""
        if len(self._lines) >= MOST:
            log.warning("too much to say, dropped: %s", self._lines.popleft().text)
        self._lines.append(line)
        self._filled.set()

    async def first(self) -> Line:
        """The oldest line that is still worth saying, as soon as there is one. It stays until `done`."""
        while True:
            while self._lines:
                if time.time() - self._lines[0].at <= TOO_LATE:
                    return self._lines[0]
                log.warning("too late to say, dropped: %s", self._lines.popleft().text)
            self._filled.clear()
            await self._filled.wait()

    def done(self, line: Line) -> None:
        """The line was said."""
        if self._lines and self._lines[0] is line:
            self._lines.popleft()
