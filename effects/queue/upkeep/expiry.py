"""Ending items that waited too long, many with each statement: after a night, hundreds may expire at once."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from effects.models import QUEUED, QueueItem, State
from effects.queue import items, refunds
from effects.queue.lanes import paused
from effects.registry import kinds
from pixelbot_site.kit import phrases
from pixelbot_site.kit.plural import counted
from pixelbot_site.kit.transactions import after_commit, again_after_deadlock, take_turn

log = logging.getLogger("queue")

# Items that one transaction ends.
PIECE = 100
# How many expired items one run deals with, so that it ends before the next run begins.
MAX_EXPIRED = 500
NOT_APPROVED = phrases.refusal("queue.not_approved", "nobody approved it in time")


def expire(*, now: datetime) -> None:
    """End and refund what waited too long. In a paused lane nothing expires: `control.resume` adds the pause's time."""
    rows = QueueItem.objects.filter(state__in=QUEUED, expires_at__lt=now).exclude(lane__in=paused())
    found = list(rows.order_by("pk").values_list("pk", "state")[:MAX_EXPIRED])
    for state, reason in ((State.WAITING, NOT_APPROVED()), (State.PENDING, items.WAITED_TOO_LONG())):
        ids = [pk for pk, found_state in found if found_state == state]
        for first in range(0, len(ids), PIECE):
            _expire_piece(set(ids[first : first + PIECE]), state, reason, now)


def _expire_piece(ids: set[int], state: State, reason: str, now: datetime) -> None:
    try:
        # First whose account nobody holds: they need not wait for a batch of the inbox.
        for wait in (False, True):
            if ids:
                ids -= _end(ids, state, reason, now, wait=wait)
    except Exception:  # an edge of the queue: one broken item must not stop the others
        log.exception("could not end %s at once", counted(len(ids), "expired item"))
    for item in QueueItem.objects.select_related("viewer").filter(pk__in=ids, state=state, expires_at__lt=now):
        try:
            items.end(item, State.EXPIRED, reason)
        except Exception:
            log.exception("could not end %s", item)


@again_after_deadlock
def _end(ids: Collection[int], state: State, reason: str, now: datetime, *, wait: bool) -> set[int]:
    """Return the ids of those that it ended."""
    with transaction.atomic():
        if wait:
            take_turn()
        # Read anew: an item may have begun, and a lane that was paused may have given it more time.
        waiting = QueueItem.objects.filter(pk__in=ids, state=state, expires_at__lt=now)
        held = waiting.select_for_update(of=("self",), skip_locked=not wait, no_key=True)
        expired = [item for item in held.select_related("viewer", "purchase__payment") if not _is_promised(item)]
        for item in expired:
            item.state, item.error = State.EXPIRED, reason
        ended = refunds.give_back_many(expired, reason, wait=wait)
        done = {item.pk for item in ended}
        QueueItem.objects.filter(pk__in=done).update(
            state=State.EXPIRED, error=reason, finished_at=timezone.now(), lease_until=None, **items.NOT_FOLDED
        )
        for item in ended:
            after_commit(log.info, "%s: %s: %s", State.EXPIRED, item, reason)
    return done


def _is_promised(item: QueueItem) -> bool:
    kind = kinds.get(item.kind)
    return kind is not None and kind.is_promised(item)
