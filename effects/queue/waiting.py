"""How much waits in the queue, and where in it a viewer stands."""

from __future__ import annotations

from django.db.models import Q

from economy.models import Viewer
from effects.models import QUEUED, QueueItem, State


def count(lane: str) -> int:
    """How many items wait in `lane`, the running one not counted."""
    return QueueItem.objects.filter(lane=lane, state__in=QUEUED).count()


def place(viewer: Viewer) -> tuple[int, int | None]:
    """(how many items wait in all lanes; the place of this viewer's first in its own lane, from 1, or None)."""
    pending = QueueItem.objects.filter(state=State.PENDING)
    mine = pending.filter(viewer=viewer).order_by("-priority", "id").first()
    if mine is None:
        return pending.count(), None
    before = Q(priority__gt=mine.priority) | Q(priority=mine.priority, id__lte=mine.pk)
    return pending.count(), pending.filter(before, lane=mine.lane).count()
