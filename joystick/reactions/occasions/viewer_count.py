"""So many viewers of the stream."""

from __future__ import annotations

from joystick.protocol.events import Count
from joystick.reactions import visits
from joystick.reactions.kinds import Occasion, occasion


@occasion(
    "viewer_count",
    Count,
    only="viewer_count_updated",
    title="the stream reaches a number of viewers",
    words={"watching": 50},
    amount="watching",
    unit="viewers",
    has_viewer=False,
    sieve=visits.each_stream,
    once="each stream",
)
def viewer_count(count: Count) -> Occasion | None:
    """Return the occasion of a number; None where the event has none."""
    return None if count.number is None else Occasion(words={"watching": count.number})
