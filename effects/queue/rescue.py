"""What keeps the queue going when something died: a worker, an overlay, the whole bot, a wake-up that was lost."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from effects.models import QUEUED, QueueItem, State
from effects.queue import items, wakeups
from effects.registry import kinds
from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("queue")

MAX_ATTEMPTS = 3
PIECE = 500
# Beyond any lease.
MAX_LEASE = timedelta(hours=2)
NO_OVERLAY = "no overlay began to play it. Is the Browser Source in OBS open?"


def rescue(*, now: datetime | None = None) -> None:
    """Deal with items whose lease ran out, or that waited too long, and wake every lane that has something to do."""
    now = now or timezone.now()
    items = QueueItem.objects.select_related("viewer")
    # (A lease that ends in a far future is from before the clock was put back.)
    late = Q(lease_until__lt=now) | Q(lease_until__gt=now + MAX_LEASE)
    overdue = list(items.filter(late, state=State.RUNNING))
    for item in [*overdue, *items.filter(state__in=QUEUED, expires_at__lt=now)[:PIECE]]:
        try:
            _deal_with(item, now)
        except Exception:  # the queue's edge, again: one that can't be dealt with must not keep the others waiting
            log.exception("could not deal with %s", item)
    for lane in QueueItem.objects.filter(state=State.PENDING).order_by().values_list("lane", flat=True).distinct():
        wakeups.wake(lane)


def _deal_with(item: QueueItem, now: datetime) -> None:
    if item.state == State.WAITING:
        items.end(item, State.EXPIRED, "nobody approved it in time")
    elif item.state == State.PENDING:
        items.end(item, State.EXPIRED, "it waited too long")
    elif item.told_at is None:
        _of_a_worker(item, now)
    elif item.playing_at is None:
        items.end(item, State.FAILED, NO_OVERLAY, said="nothing is there to show it at the moment", overdue=True)
    else:
        items.end(item, State.FAILED, "the overlay began, but did not finish in time", overdue=True)


def _of_a_worker(item: QueueItem, now: datetime) -> None:
    kind = kinds.get(item.kind)
    in_time = item.started_at is None or kind is None or now < item.started_at + timedelta(seconds=kind.deadline)
    if in_time:
        repeat_or_fail(item, "what prepared it died")
    else:
        items.end(item, State.FAILED, "it took too long", overdue=True)


def repeat_or_fail(item: QueueItem, reason: str) -> None:
    """An item that was interrupted: once more where that is safe, else its points go back."""
    kind = kinds.get(item.kind)
    if kind is not None and kind.repeatable and item.attempts < MAX_ATTEMPTS:
        put_back(item)
    else:
        items.end(item, State.FAILED, reason, overdue=True)


def put_back(item: QueueItem) -> bool:
    """Return a running item to its place in its lane. False when it had ended meanwhile."""
    again = {"state": State.PENDING, "started_at": None, "lease_until": None, "told_at": None, "playing_at": None}
    mine = items.as_seen(item, overdue=True).update(**again)
    if mine:
        after_commit(log.info, "back in the queue: %s", item)
    return bool(mine)


def put_back_running() -> int:
    """Return every running item to its lane, as a process does that takes the whole bot down with it; what must not
    happen twice ends. Returns how many are back.
    """
    back = 0
    for item in QueueItem.objects.select_related("viewer").filter(state=State.RUNNING):
        kind = kinds.get(item.kind)
        if kind is not None and kind.repeatable:
            back += put_back(item)
        else:
            items.end(item, State.FAILED, "the bot was stopped while it ran", overdue=True)
    return back


def recover() -> None:
    """Deal at once with what was running when the whole bot was killed. Only for a process that knows it is alone."""
    for item in QueueItem.objects.select_related("viewer").filter(state=State.RUNNING):
        repeat_or_fail(item, "the bot was killed while it ran")
