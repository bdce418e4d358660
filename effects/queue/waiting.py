"""How many items wait in the queue, and a viewer's place in it."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from economy.models import Viewer
from effects.models import QUEUED, QueueItem, State


def bought(lane: str) -> int:
    """Return how many items that viewers bought wait in `lane`, not counting the running one."""
    return QueueItem.objects.filter(lane=lane, state__in=QUEUED, purchase__isnull=False).count()


def own(lane: str, kind: str) -> QuerySet[QueueItem]:
    """Return what waits of one kind that nobody bought or won, the oldest first."""
    return QueueItem.objects.filter(lane=lane, kind=kind, state=State.PENDING, purchase=None, part_of="").order_by("id")


def place(viewer: Viewer) -> tuple[int, int | None]:
    """Return (how many items wait in all lanes, the place of this viewer's first item in its lane from 1, or None)."""
    pending = QueueItem.objects.filter(state=State.PENDING)
    mine = pending.filter(viewer=viewer).order_by("-priority", "id").first()
    if mine is None:
        return pending.count(), None
    up_to_mine = Q(priority__gt=mine.priority) | Q(priority=mine.priority, id__lte=mine.pk)
    return pending.count(), pending.filter(up_to_mine, lane=mine.lane).count()
