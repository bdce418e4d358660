"""How many events share a transaction."""

from __future__ import annotations

MIN_EVENTS = 100
MAX_EVENTS = 4000


class BatchSize:
    """As many as are stored within about HOLD seconds: the more there are, the less each costs, but who else wants to
    write (a worker that claims an item, the dashboard) waits for so long. Slow machines so come to smaller batches.
    """

    HOLD = 0.25

    def __init__(self) -> None:
        self.size = 500

    def took(self, count: int, seconds: float) -> None:
        """Learn from a batch. One that was not full tells nothing."""
        if count >= self.size:
            ideal = int(count * self.HOLD / max(seconds, 0.001))
            # No more than twice as many, or half, at once: a single wait for the disk is no reason to change much.
            self.size = max(MIN_EVENTS, min(MAX_EVENTS, max(self.size // 2, min(self.size * 2, ideal))))
