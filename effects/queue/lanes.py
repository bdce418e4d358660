"""The status of each lane: paused or not, how many items wait, which one runs."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from effects.models import QUEUED, Lane, QueueItem, State
from effects.registry import lanes


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """The status of a lane.

    `paused_by` is "" when the lane is not paused or nobody was named. `waiting` counts items, including those that wait
    for approval.
    """

    name: str
    is_paused: bool
    paused_by: str
    waiting: int
    running: QueueItem | None


def statuses() -> list[LaneStatus]:
    """Return the status of every lane, in three queries."""
    rows = QueueItem.objects.filter(state__in=QUEUED).order_by()
    waiting = dict(rows.values_list("lane").annotate(count=Count("id")))
    running = {item.lane: item for item in QueueItem.objects.filter(state=State.RUNNING)}
    pauses = paused()
    return [
        LaneStatus(lane, lane in pauses, pauses.get(lane, ""), waiting.get(lane, 0), running.get(lane))
        for lane in lanes()
    ]


def paused() -> dict[str, str]:
    """Return who paused each paused lane, by the lane's name."""
    return dict(Lane.objects.filter(paused_at__isnull=False).values_list("name", "paused_by"))
