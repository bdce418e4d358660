"""How often something may happen: lines in chat, attempts to connect."""

from __future__ import annotations

import random
import time

# Seconds between two attempts: doubled after each failure, from the first to the maximum.
FIRST_PAUSE = 1.0
MAX_PAUSE = 30.0
# Attempts one after another, and seconds for each further one: at most 3 + 60/9 in a minute, so fewer than ten,
# whatever the server does.
BURST = 3
ATTEMPT_EVERY = 9.0


class Attempts:
    """Counts attempts, and decides how long to wait before the next one."""

    def __init__(self) -> None:
        self._failures = 0
        self._limit = TokenBucket(ATTEMPT_EVERY, BURST)

    def count(self) -> None:
        """Count an attempt that begins now."""
        self._limit.count()

    def pause_after(self, *, settled: bool) -> float:
        """Return the seconds to wait after a session that has ended; `settled`: it was a good one."""
        self._failures = 0 if settled else self._failures + 1
        pause: float = min(FIRST_PAUSE * 2 ** max(self._failures - 1, 0), MAX_PAUSE)
        # Shortened by chance, so that not all bots come back at the same moment.
        return max(pause * random.uniform(0.75, 1.0), self.seconds_until_allowed())

    def seconds_until_allowed(self) -> float:
        """Return the seconds until another attempt is within the limit."""
        return self._limit.seconds_until_next()


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
