"""The worker of a lane: claims its items one after another and performs them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from effects.models import MADE, Lane, QueueItem, State
from effects.overlays import screens
from effects.queue import counting, items, lanes, lease, wakeups
from effects.registry import INSTANT, kinds
from pixelbot_site.kit import origin, present_channel
from pixelbot_site.kit.errors import Failed, Refused

log = logging.getLogger("queue")


# What changes when an item takes another in.
FOLDED = ("payload", "title")


def _never() -> bool:
    return False


def drain(lane: str, *, stopped: Callable[[], bool] = _never) -> None:
    """Perform the items of `lane`, one after another, until none is left or the overlays have one.

    `stopped` is called before each item: when it returns True, nothing new begins.
    """
    wakeups.begun(lane)
    while not stopped():
        item = claim(lane)
        if item is None:
            return
        with origin.of(item.event):
            log.info("claimed: %s", item)
            is_over = items.perform(item)
        if not is_over:
            # The overlays play for seconds: enough for the slow part (the synthesis) of the next item.
            prepare_next(lane)
            return


def claim(lane: str) -> QueueItem | None:
    """Take the next pending item of `lane` (`lanes.next_of`); None if it is paused, busy or empty.

    However many workers call this at once, at most one of them gets an item.
    """
    while (item := _first(lane)) is not None and item.expires_at is not None and item.expires_at < timezone.now():
        items.end(item, State.EXPIRED, items.WAITED_TOO_LONG())
    if item is None:
        return None
    now = timezone.now()  # taken after the SELECT, so that the order of `started_at` is the order of claims
    claim_values: dict[str, Any] = {
        "state": State.RUNNING,
        "attempts": item.attempts + 1,
        "started_at": now,
        "lease_until": now + lease.LENGTH,
        "told_at": None,
        "playing_at": None,
        **items.NOT_FOLDED,
    }
    try:
        with transaction.atomic():
            # Zero rows: another worker claimed it, or staff ended it, since it was read.
            pending = QueueItem.objects.filter(pk=item.pk, state=State.PENDING, attempts=item.attempts)
            if not pending.update(**claim_values):
                return None
    except IntegrityError:  # another item of the lane runs: the constraint allows one
        return None
    counting.count_claim(item, now)
    is_folded = item.folded is not None
    for name, value in claim_values.items():
        setattr(item, name, value)
    kind = kinds.get(item.kind)
    # Between the SELECT and the claim, another worker may have prepared it, or it may have taken more in.
    late = [*(["is_prepared", *MADE] if kind is not None and kind.is_slow else []), *(FOLDED if is_folded else [])]
    if late:
        item.refresh_from_db(fields=late)
    return item


def _first(lane: str) -> QueueItem | None:
    # Two plain queries: measured, Django takes longer to build a joined one than to run both.
    if Lane.objects.filter(name=lane, paused_at__isnull=False).exists():
        return None
    pending = QueueItem.objects.filter(lane=lane, state=State.PENDING)
    if lane == INSTANT:  # what waits for its time has no lane
        pending = pending.filter(lanes.is_due(timezone.now()))
    return lanes.next_of(pending)


def prepare_next(lane: str) -> None:
    """Do the slow part of the next item of `lane` ahead of its turn. A failure is left for its turn to report."""
    if not any(kind.is_slow for kind in kinds.values() if kind.lane == screens.parted(lane)[0]):
        return
    item = _first(lane)
    kind = kinds.get(item.kind) if item is not None else None
    if item is None or kind is None or not kind.is_slow or item.is_prepared:
        return
    try:
        with origin.of(item.event), present_channel.within(item.channel_id or ""):
            prepared = kind.prepare(item, kind.parse(item.payload))
    except (Failed, Refused) as error:
        log.info("not prepared ahead: %s: %s", item, error)
        return
    # If it was claimed meanwhile, its own worker prepares it: then this result must not overwrite that one. Nor may it
    # be stored if the item has taken more in since.
    pending = QueueItem.objects.filter(pk=item.pk, state=State.PENDING, attempts=item.attempts, folded=item.folded)
    pending.update(is_prepared=True, **prepared)


def is_running() -> bool:
    """Return whether any item runs now, in any lane."""
    return QueueItem.objects.filter(state=State.RUNNING).exists()
