"""How often something may happen: lines in chat, attempts to connect."""

from __future__ import annotations

import time


class TokenBucket:
    """Allows one thing every `every` seconds, and up to `burst` at once after a pause. 0 seconds means no limit."""

    def __init__(self, every: float, burst: int) -> None:
        self._every = every
        self._burst = burst
        self._allowance = float(burst)
        self._counted_at = time.monotonic()

    def seconds_until_next(self) -> float:
        """Return how many seconds the next thing must still wait."""
        self._refill()
        return max(0.0, (1 - self._allowance) * self._every)

    def count(self) -> None:
        """Take into account that it happened."""
        self._refill()
        if self._every:
            self._allowance -= 1

    @property
    def at_once(self) -> int | None:
        """How many may happen now without a pause; None for any number."""
        self._refill()
        return max(0, int(self._allowance)) if self._every else None

    def _refill(self) -> None:
        now = time.monotonic()
        if self._every:
            self._allowance = min(float(self._burst), self._allowance + (now - self._counted_at) / self._every)
        self._counted_at = now
