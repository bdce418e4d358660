"""Reports from overlays about an item (received, started, finished, failed), and what a new overlay must show."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from effects.models import QueueItem, State
from effects.overlays import screens
from effects.queue import items
from pixelbot_site.kit import origin, phrases

log = logging.getLogger("queue")

NOT_PLAYED = phrases.refusal("queue.not_played", "the overlay could not play it")

# How much longer than its own length an item may take on the overlay.
SLACK = timedelta(seconds=6)


def playing(screen: str = "") -> list[tuple[int, dict[str, object]]]:
    """Return (item id, message) of everything the overlays of a screen show now, for one that connects late.

    The message of an item that has begun says how many seconds ago, in `elapsed`.
    """
    running = QueueItem.objects.filter(screens.is_of(screen), state=State.RUNNING, told_at__isnull=False).order_by("id")
    return [(item.pk, _with_elapsed(item)) for item in running]


def _with_elapsed(item: QueueItem) -> dict[str, object]:
    if item.playing_at is None:
        return dict(item.overlay_message)
    elapsed = (timezone.now() - item.playing_at).total_seconds()
    return {**item.overlay_message, "elapsed": round(elapsed, 3), "length": item.overlay_seconds}


def _on_overlays(item_id: int, attempt: int) -> QuerySet[QueueItem]:
    # Naming the attempt keeps a late report about an earlier one from touching the current one.
    return QueueItem.objects.filter(pk=item_id, attempts=attempt, state=State.RUNNING, told_at__isnull=False)


def received(item_id: int, attempt: int) -> None:
    """Store that an overlay has the item: the first to say so."""
    _on_overlays(item_id, attempt).filter(received_at__isnull=True).update(received_at=timezone.now())


def started(item_id: int, attempt: int) -> None:
    """Store that an overlay began to play: from now on it has the item's length plus SLACK."""
    # The first report counts: repeating it must not prolong the lease.
    not_begun = _on_overlays(item_id, attempt).filter(playing_at__isnull=True)
    item = not_begun.first()
    if item is not None:
        now = timezone.now()
        until = now + timedelta(seconds=item.overlay_seconds) + SLACK
        if not_begun.update(playing_at=now, lease_until=until):
            with origin.of(item.event):
                log.info("plays: %s", item)


def finished(item_id: int, attempt: int) -> bool:
    """Store that an overlay played the item to its end. Return False if it ended before, or no overlay has it."""
    return _on_overlays(item_id, attempt).exists() and items.finish(item_id, attempt)


def failed(item_id: int, attempt: int, reason: str) -> bool:
    """Fail the item that an overlay could not play, and return whether it ended by this report."""
    # Once any overlay has begun, this report is ignored: one broken page must not stop what another one plays.
    item = _on_overlays(item_id, attempt).filter(playing_at__isnull=True).first()
    if item is None:
        return False
    sentence = NOT_PLAYED()
    return items.end(item, State.FAILED, f"{sentence}: {reason}", viewer_reason=sentence)
