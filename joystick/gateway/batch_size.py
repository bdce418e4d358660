"""How many events share one transaction."""

from __future__ import annotations

MIN_EVENTS = 100
MAX_EVENTS = 4000


class BatchSize:
    """An adaptive batch size that aims at TARGET_SECONDS for each transaction.

    Larger batches cost less per event, but block other writers longer: a worker that claims an item, the dashboard.
    """

    TARGET_SECONDS = 0.25

    def __init__(self) -> None:
        self.size = 500

    def record(self, count: int, seconds: float) -> None:
        """Adapt to a batch of `count` events that was stored in `seconds`."""
        if count < self.size:
            return  # the time of a part-filled batch is mostly fixed cost, and says little about a full one
        ideal = int(count * self.TARGET_SECONDS / max(seconds, 0.001))
        # At most double or halve in one step: a single wait for the disk should not change much.
        self.size = max(MIN_EVENTS, min(MAX_EVENTS, max(self.size // 2, min(self.size * 2, ideal))))
