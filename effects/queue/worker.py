"""The worker of a lane: claims its items one after another and performs them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.utils import timezone

from effects.models import MADE, Lane, QueueItem, State
from effects.queue import items, lease
from effects.registry import kinds
from pixelbot_site.kit.errors import Failed

log = logging.getLogger("queue")

CLAIMED = ("state", "attempts", "started_at", "lease_until", "told_at", "playing_at")


def drain(lane: str, *, stopped: Callable[[], bool] = bool) -> None:
    """Perform the items of `lane`, one after another, until none is left or one is with the overlays.

    `stopped` is asked before each: a process that is about to end begins nothing new. While the overlays have one, the
    slow part of the next (its synthesis) is done.
    """
    while not stopped():
        item = claim(lane)
        if item is None:
            return
        if not items.perform(item):
            prepare_next(lane)
            return


def claim(lane: str) -> QueueItem | None:
    """Take the first waiting item of `lane`, by priority and arrival, if nothing of it runs and it is not paused. Of
    any number of workers, one gets it.
    """
    while (item := _first(lane)) is not None and item.expires_at is not None and item.expires_at < timezone.now():
        items.end(item, State.EXPIRED, "it waited too long")
    if item is None:
        return None
    now = timezone.now()  # after the look: what begins later has begun later
    item.state, item.attempts, item.started_at = State.RUNNING, item.attempts + 1, now
    item.lease_until, item.told_at, item.playing_at = now + lease.LENGTH, None, None
    claimed = {name: getattr(item, name) for name in CLAIMED}
    try:
        with transaction.atomic():
            mine = QueueItem.objects.filter(pk=item.pk, state=State.PENDING, attempts=item.attempts - 1)
            if not mine.update(**claimed):
                return None
    except IntegrityError:  # the database allows one running item in a lane
        return None
    kind = kinds.get(item.kind)
    if kind is not None and kind.is_slow:  # it may have been prepared between the look and the claim
        item.refresh_from_db(fields=["is_prepared", *MADE])
    return item


def _first(lane: str) -> QueueItem | None:
    """What comes next in a lane that is not paused."""
    # Two plain queries: for one that asks both, Django takes longer than for these together.
    if Lane.objects.filter(name=lane, paused_at__isnull=False).exists():
        return None
    return QueueItem.objects.filter(lane=lane, state=State.PENDING).order_by("-priority", "id").first()


def prepare_next(lane: str) -> None:
    """Do the slow part of the item that comes next, so that nobody waits for it then. A failure shows when it runs."""
    if not any(kind.is_slow for kind in kinds.values() if kind.lane == lane):
        return
    item = _first(lane)
    kind = kinds.get(item.kind) if item is not None else None
    if item is None or kind is None or not kind.is_slow or item.is_prepared:
        return
    try:
        made = kind.prepare(item, kind.parse(item.payload))
    except Failed as error:
        log.info("not prepared ahead: %s: %s", item, error)
        return
    QueueItem.objects.filter(pk=item.pk, state=State.PENDING, attempts=item.attempts).update(is_prepared=True, **made)


def is_running() -> bool:
    """Is any item running now, in whatever lane?"""
    return QueueItem.objects.filter(state=State.RUNNING).exists()
