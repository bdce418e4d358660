"""How many items wait in the queue, and a viewer's place in it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from economy.models import Viewer
from effects.models import QUEUED, QueueItem, State
from effects.registry import EffectKind


def bought(lane: str) -> int:
    """Return how many items that viewers bought wait in `lane`, not counting the running one."""
    return QueueItem.objects.filter(lane=lane, state__in=QUEUED, purchase__isnull=False).count()


def to_drop_for(item: QueueItem, kind: EffectKind[Any], *, most: int) -> QueueItem | None:
    """Return which of the bot's own items must go for a new one, where `most` of them wait already, else None.

    It is the oldest of the same sort (`EffectKind.sort`), or where none of it waits, the oldest of another.
    """
    sort = kind.sort(item.payload)
    if not sort:
        return None
    own = QueueItem.objects.filter(lane=item.lane, kind=item.kind, state=State.PENDING, purchase=None, part_of="")
    rows = [row for row in own if kind.sort(row.payload)]
    if len(rows) < most:
        return None

    def rank(row: QueueItem) -> tuple[bool, bool, int]:
        other = kind.sort(row.payload)
        return (other != sort, other == "tip", row.pk)  # a tip is the last to go: somebody paid for it

    return min(rows, key=rank)


def place(viewer: Viewer) -> tuple[int, int | None]:
    """Return (how many items wait in all lanes, the place of this viewer's first item in its lane from 1, or None)."""
    pending = QueueItem.objects.filter(state=State.PENDING)
    mine = pending.filter(viewer=viewer).order_by("-priority", "id").first()
    if mine is None:
        return pending.count(), None
    up_to_mine = Q(priority__gt=mine.priority) | Q(priority=mine.priority, id__lte=mine.pk)
    return pending.count(), pending.filter(up_to_mine, lane=mine.lane).count()
