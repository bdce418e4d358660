"""How each lane stands: paused or not, what waits in it, what runs."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from effects.models import QUEUED, Lane, QueueItem, State
from effects.registry import lanes


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """A lane. `paused_by` is "" where it is not paused, or where nobody was named; `waiting` counts items, those that
    wait for approval too.
    """

    name: str
    is_paused: bool
    paused_by: str
    waiting: int
    running: QueueItem | None


def statuses() -> list[LaneStatus]:
    """Return how every lane stands, in three queries."""
    rows = QueueItem.objects.filter(state__in=QUEUED).order_by()
    waiting = dict(rows.values_list("lane").annotate(count=Count("id")))
    running = {item.lane: item for item in QueueItem.objects.filter(state=State.RUNNING)}
    pauses = paused()
    return [
        LaneStatus(lane, lane in pauses, pauses.get(lane, ""), waiting.get(lane, 0), running.get(lane))
        for lane in lanes()
    ]


def paused() -> dict[str, str]:
    """Return the lanes that are paused, and who paused each."""
    return dict(Lane.objects.filter(paused_at__isnull=False).values_list("name", "paused_by"))
