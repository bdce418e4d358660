"""What is on its way to chat: in order, at a measured pace, a few at most, none said too late."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

log = logging.getLogger("chat")

MAX_WAITING = 50
MAX_AGE = 60.0
"""Seconds after which an answer is not worth saying any more."""
MAX_MODERATION_AGE = 600.0
BURST = 3
"""So many lines may follow each other quickly after a pause."""
MIN_INTERVAL = 0.1
"""Seconds between any two actions: sent back to back, a server carries them out in any order (measured; 20 ms do)."""
SPOKEN = {"send_message", "send_whisper"}


@dataclass(frozen=True, slots=True)
class Action:
    """An action of Joystick's socket; `words` are its keys, less the channel's.

    `at`: when it was meant (Unix seconds). Without a channel id: the channel last heard from.
    """

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    channel_id: str = ""
    at: float = 0.0

    def __str__(self) -> str:
        return " ".join([self.name, *self.arguments.values()])

    def split(self, most: int) -> list[Action]:
        """The same in pieces of at most `most` characters of text, cut between words where there are any."""
        if self.name not in SPOKEN:
            return [self]
        text = " ".join(self.arguments.get("text", "").split())
        pieces = []
        while text:
            cut = text.rfind(" ", 0, most + 1) if len(text) > most else len(text)
            cut = cut if cut > 0 else most
            pieces.append(text[:cut])
            text = text[cut:].lstrip()
        return [replace(self, arguments={**self.arguments, "text": piece}) for piece in pieces]


class Outgoing:
    """A short queue of actions. Moderation goes before talk. One event loop fills and empties it."""

    def __init__(self) -> None:
        self._lines: deque[Action] = deque()
        self._urgent: deque[Action] = deque()
        self._filled = asyncio.Event()

    def add(self, action: Action) -> None:
        """Add an action; of too many, the oldest is dropped with a word in the log."""
        waiting = self._lines if action.name in SPOKEN else self._urgent
        if len(waiting) >= MAX_WAITING:
            log.warning("too much to say, dropped: %s", waiting.popleft())
        waiting.append(action)
        self._filled.set()

    async def peek(self) -> Action:
        """The next that is still worth doing, as soon as there is one. It stays until `done`."""
        while True:
            for waiting, most in ((self._urgent, MAX_MODERATION_AGE), (self._lines, MAX_AGE)):
                while waiting:
                    if time.time() - waiting[0].at <= most:
                        return waiting[0]
                    log.warning("too late to say, dropped: %s", waiting.popleft())
            self._filled.clear()
            await self._filled.wait()

    def remove(self, action: Action) -> None:
        """It was sent."""
        for waiting in (self._urgent, self._lines):
            if waiting and waiting[0] is action:
                waiting.popleft()
                return


class RateLimit:
    """When the next line may be said: one in `every` seconds, with a small burst after a pause."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._allowance = float(BURST)
        self._counted_at = time.monotonic()

    def seconds_until(self, action: Action) -> float:
        """Seconds to wait before `action` may be sent. Moderation does not wait its turn."""
        if action.name not in SPOKEN or self._every == 0:
            return 0.0
        self._refill()
        return max(0.0, (1 - self._allowance) * self._every)

    def count(self, action: Action) -> None:
        """Count it."""
        if action.name in SPOKEN and self._every:
            self._refill()
            self._allowance -= 1

    def _refill(self) -> None:
        now = time.monotonic()
        self._allowance = min(float(BURST), self._allowance + (now - self._counted_at) / self._every)
        self._counted_at = now
