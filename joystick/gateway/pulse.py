"""What the listener knows of itself, for `/health` of its process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from pixelbot_site.kit import alive
from pixelbot_site.kit.alive import Sign

# Seconds for which a batch may be in hand. The largest take a quarter of a second; a database that restarts, some more.
MOST_IN_HAND = 30.0


class Pulse:
    """When batches were stored, and whether one is in hand for too long."""

    def __init__(self, is_connected: Callable[[], bool]) -> None:
        self._is_connected = is_connected
        self._in_hand_since: float | None = None
        self._stored_at: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.is_listening = False  # else another listener holds the line, and this one stands by

    def begin(self) -> None:
        """Note the loop in which the listener runs."""
        self._loop = asyncio.get_running_loop()

    def take(self) -> None:
        """Note that a batch is in hand."""
        self._in_hand_since = time.monotonic()

    def store(self) -> None:
        """Note that it was stored."""
        self._in_hand_since, self._stored_at = None, time.monotonic()

    def sign(self) -> Sign:
        """Return whether the loop answers and the database takes events. That Joystick is away is not our fault."""
        now = time.monotonic()
        since, stored_at = self._in_hand_since, self._stored_at
        in_hand = now - since if since is not None else 0.0
        is_running = self._loop is not None and alive.answers(self._loop)
        return Sign(
            is_running and in_hand < MOST_IN_HAND,
            {
                "state": "connected"
                if self._is_connected()
                else "not connected"
                if self.is_listening
                else "standing by",
                "seconds_since_batch": round(now - stored_at, 1) if stored_at is not None else None,
                "batch_in_hand_seconds": round(in_hand, 1),
            },
        )
