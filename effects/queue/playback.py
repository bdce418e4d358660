"""What overlays report of an item: started, finished, or failed; and what one that connects late should show."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from effects.models import QueueItem, State
from effects.queue import items

# How much longer than its length an item may take on the overlay.
SLACK = timedelta(seconds=6)


def playing() -> list[tuple[int, dict[str, object]]]:
    """What the overlays should be showing now, as (item id, message): sent again to one that connects late."""
    running = QueueItem.objects.filter(state=State.RUNNING, told_at__isnull=False).order_by("id")
    return [(item.pk, item.overlay_message) for item in running]


def _with_overlays(item_id: int, attempt: int) -> QuerySet[QueueItem]:
    """The item, if it is with the overlays now, in this attempt. Late reports of earlier attempts find nothing."""
    return QueueItem.objects.filter(pk=item_id, attempts=attempt, state=State.RUNNING, told_at__isnull=False)


def started(item_id: int, attempt: int) -> None:
    """An overlay says that it began: from now on it has the item's length and some slack."""
    waiting_for_it = _with_overlays(item_id, attempt).filter(playing_at__isnull=True)
    item = waiting_for_it.first()
    if item is not None:
        now = timezone.now()
        until = now + timedelta(seconds=item.overlay_seconds) + SLACK
        waiting_for_it.update(playing_at=now, lease_until=until)


def finished(item_id: int, attempt: int) -> bool:
    """An overlay says that it was shown to its end. False when the item had ended already, or is not with them."""
    return _with_overlays(item_id, attempt).exists() and items.finish(item_id, attempt)


def could_not_play(item_id: int, attempt: int, reason: str) -> bool:
    """An overlay says that it can't. Counts only while none began: one broken page must not stop what another plays."""
    item = _with_overlays(item_id, attempt).filter(playing_at__isnull=True).first()
    said = "the overlay could not play it"
    return item is not None and items.end(item, State.FAILED, f"{said}: {reason}", said=said)
