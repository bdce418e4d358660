"""What is counted of the queue's items, for `/metrics`."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import Counter, Histogram

from effects.models import QueueItem
from effects.registry import INSTANT, lanes
from pixelbot_site.kit.transactions import after_commit

ENDED = Counter("pixelbot_queue_items_ended", "Items of the queue that ended, by lane and end.", ["lane", "state"])
REFUNDS = Counter("pixelbot_refunds", "Purchases that were given back, by how their item ended.", ["state"])
WAIT_SECONDS = Histogram(
    "pixelbot_queue_wait_seconds",
    "Seconds that an item waited for its lane before a worker took it.",
    ["lane"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
)
PERFORM_SECONDS = Histogram(
    "pixelbot_queue_perform_seconds",
    "Seconds that performing an item took, without what overlays play of it.",
    ["lane"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def label(lane: str) -> str:
    """Return the label of a lane: "instant" where an effect has none, "other" for one that the code has no more."""
    if lane == INSTANT:
        return "instant"
    return lane if lane in lanes() else "other"


def count_claim(item: QueueItem, now: datetime) -> None:
    """Count how long an item waited, without the time that it was meant to wait: for approval, or until it was due."""
    since = max(moment for moment in (item.created_at, item.approved_at, item.due_at) if moment is not None)
    WAIT_SECONDS.labels(label(item.lane)).observe(max(0.0, (now - since).total_seconds()))


def count_end(item: QueueItem) -> None:
    """Count an item that ends, once that is committed."""
    after_commit(ENDED.labels(label(item.lane), item.state).inc)


def count_refund(item: QueueItem) -> None:
    """Count a refund, once it is committed."""
    after_commit(REFUNDS.labels(item.state).inc)
