"""The actions waiting to be sent: bounded, rate-limited, and dropped when they are too old."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

log = logging.getLogger("chat")

MAX_WAITING = 50
# Seconds after which a line in chat is dropped: an answer that late confuses more than it helps.
MAX_AGE = 60.0
# The same for moderation, which is still useful after a reconnect.
MAX_MODERATION_AGE = 600.0
# How many lines may follow each other without a pause after a quiet time.
BURST = 3
# Seconds between any two actions. Measured on a real Action Cable server: sent back to back, actions are carried out in
# any order; 20 ms between them are enough to keep it.
MIN_INTERVAL = 0.1
# The actions that say something in chat. Every other one is moderation.
SPOKEN = {"send_message", "send_whisper"}


@dataclass(frozen=True, slots=True)
class Action:
    """An action of Joystick's socket. `arguments` are its keys without the channel's.

    `at` is when the action was asked for, in Unix seconds. "" as `channel_id` means the channel last heard from.
    """

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    channel_id: str = ""
    at: float = 0.0

    def __str__(self) -> str:
        return " ".join([self.name, *self.arguments.values()])

    def split(self, most: int) -> list[Action]:
        """Return the action in pieces of at most `most` characters of text, cut between words where possible."""
        if self.name not in SPOKEN:
            return [self]
        text = " ".join(self.arguments.get("text", "").split())
        pieces = []
        while text:
            cut = text.rfind(" ", 0, most + 1) if len(text) > most else len(text)
            if cut <= 0:
                cut = most  # a word that is longer than a line
            pieces.append(text[:cut])
            text = text[cut:].lstrip()
        return [replace(self, arguments={**self.arguments, "text": piece}) for piece in pieces]


class Outgoing:
    """A short queue of actions, moderation first. Not thread-safe: it belongs to one event loop."""

    def __init__(self) -> None:
        self._lines: deque[Action] = deque()
        self._urgent: deque[Action] = deque()
        self._filled = asyncio.Event()

    def add(self, action: Action) -> None:
        """Add an action. When MAX_WAITING are waiting already, drop the oldest and log it."""
        waiting = self._lines if action.name in SPOKEN else self._urgent
        if len(waiting) >= MAX_WAITING:
            log.warning("too much to say, dropped: %s", waiting.popleft())
        waiting.append(action)
        self._filled.set()

    async def peek(self) -> Action:
        """Wait for an action that is not too old, and return it. It stays in the queue until it is removed."""
        while True:
            for waiting, most in ((self._urgent, MAX_MODERATION_AGE), (self._lines, MAX_AGE)):
                while waiting:
                    if time.time() - waiting[0].at <= most:
                        return waiting[0]
                    log.warning("too late to say, dropped: %s", waiting.popleft())
            self._filled.clear()
            await self._filled.wait()

    def remove(self, action: Action) -> None:
        """Remove an action that was sent. It may be gone already, as the oldest of too many."""
        for waiting in (self._urgent, self._lines):
            if waiting and waiting[0] is action:
                waiting.popleft()
                return


class RateLimit:
    """A token bucket: one line every `every` seconds, and up to BURST at once after a pause. 0 means no limit."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._allowance = float(BURST)
        self._counted_at = time.monotonic()

    def seconds_until(self, action: Action) -> float:
        """Return how many seconds `action` must still wait. Moderation never waits."""
        if action.name not in SPOKEN or self._every == 0:
            return 0.0
        self._refill()
        return max(0.0, (1 - self._allowance) * self._every)

    def count(self, action: Action) -> None:
        """Take an action that was sent into account. Moderation does not count."""
        if action.name in SPOKEN and self._every:
            self._refill()
            self._allowance -= 1

    def _refill(self) -> None:
        now = time.monotonic()
        self._allowance = min(float(BURST), self._allowance + (now - self._counted_at) / self._every)
        self._counted_at = now
