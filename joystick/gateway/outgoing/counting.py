"""What is counted of lines and actions on their way out, for `/metrics`."""

from __future__ import annotations

import time

from prometheus_client import Counter, Histogram

from joystick.gateway.outgoing.actions import Action

SENT, DROPPED, LATE = "sent", "dropped", "late"

REPLIES = Counter(
    "pixelbot_replies",
    "Lines and actions for chat: sent (several as one count once), dropped for want of room, or too late.",
    ["priority", "outcome"],
)
REPLY_SECONDS = Histogram(
    "pixelbot_reply_seconds",
    "Seconds from the arrival of an event to the reply that was sent.",
    ["priority"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)


def count_sent(action: Action) -> None:
    """Count an action that the socket took, and how long ago its event came."""
    REPLIES.labels(action.priority, SENT).inc()
    if action.event_at:
        REPLY_SECONDS.labels(action.priority).observe(max(0.0, time.time() - action.event_at))


def count_unsaid(priority: str, outcome: str, number: int = 1) -> None:
    """Count what is not said."""
    REPLIES.labels(priority, outcome).inc(number)
