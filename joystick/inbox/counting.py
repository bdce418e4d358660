"""What is counted of batches of events, for `/metrics`: once for each batch, after its commit."""

from __future__ import annotations

import time
from collections import Counter as CountOf
from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

from joystick.protocol.events import Event
from joystick.protocol.frames import SERVER_ERROR, UNREADABLE, ReceivedFrame
from joystick.protocol.kinds import BUILDERS

EVENTS = Counter("pixelbot_events", "Events from Joystick.tv, by kind and by what became of them.", ["kind", "state"])
BATCH_EVENTS = Histogram(
    "pixelbot_event_batch_events",
    "Events in one transaction.",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000, 4000),
)
BATCH_SECONDS = Histogram("pixelbot_event_batch_seconds", "Seconds for one transaction of events, commit included.")
COMMIT_SECONDS = Histogram(
    "pixelbot_event_commit_seconds", "Seconds for the commit of a transaction of events, and for what follows it."
)
LAG = Gauge(
    "pixelbot_event_lag_seconds",
    "Seconds between the platform's time of the newest event and ours. Below zero: the clocks differ.",
)

# What the platform calls a kind is its own to choose: a kind that the table does not have is counted as this.
OTHER = "other"
KNOWN = frozenset({*BUILDERS, UNREADABLE, SERVER_ERROR})
HANDLED, FAILED, REPEATED = "handled", "failed", "repeated"


def count(batch: Sequence[ReceivedFrame], new: Sequence[Event]) -> None:
    """Count a batch that was committed, of which these events are new."""
    for kind, number in CountOf([event.kind for event in new]).items():
        _of(kind, HANDLED).inc(number)
    unreadable = sum(received.event is None for received in batch)
    if unreadable:
        _of(UNREADABLE, UNREADABLE).inc(unreadable)
    known = len(batch) - unreadable - len(new)
    if known:
        # Of which kinds they are would take another look at each event.
        _of(OTHER, REPEATED).inc(known)
    if new and new[-1].occurred_at is not None:
        LAG.set(time.time() - new[-1].occurred_at.timestamp())


def count_failure(event: Event) -> None:
    """Count an event that could not be handled."""
    _of(event.kind, FAILED).inc()


def observe(events: int, *, began: float, commit_began: float) -> None:
    """Take how long a transaction took that ends now; both times are of `time.perf_counter`."""
    now = time.perf_counter()
    BATCH_EVENTS.observe(events)
    BATCH_SECONDS.observe(now - began)
    COMMIT_SECONDS.observe(now - commit_began)


def _of(kind: str, state: str) -> Counter:
    return EVENTS.labels(kind if kind in KNOWN else OTHER, state)
