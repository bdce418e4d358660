"""Recovery of the queue after a worker, an overlay or the whole bot died, or a wake-up was lost."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from effects.models import QueueItem, State
from effects.overlays import pages
from effects.queue import items, wakeups
from effects.queue.lanes import is_due
from effects.queue.upkeep import expiry
from effects.registry import kinds
from pixelbot_site.kit import phrases, present_channel
from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("queue")

# After so many attempts, an item that kills its workers is given up.
MAX_ATTEMPTS = 3
# Longer than any lease can be.
MAX_LEASE = timedelta(hours=2)
NO_OVERLAY = "no overlay began to play it: is the Browser Source in OBS open?"
NOT_BEGUN = "an overlay has it, but did not begin to play it: does its page wait for a click?"
NOTHING_SHOWS_IT = phrases.refusal("queue.nothing_shows_it", "nothing is there to show it at the moment")
NOT_FINISHED = phrases.refusal("queue.not_finished", "the overlay began, but did not finish in time")
DIED = phrases.refusal("queue.died", "what prepared it died")
TOO_SLOW = phrases.refusal("queue.too_slow", "it took too long")
STOPPED = phrases.refusal("queue.bot_stopped", "the bot was stopped while it ran")


def rescue(*, now: datetime | None = None) -> None:
    """End or repeat items whose lease ran out, expire those that waited too long, and wake idle lanes with items."""
    now = now or timezone.now()
    rows = QueueItem.objects.select_related("viewer")
    # A lease that ends far in the future was written before the system clock was put back.
    is_over = Q(lease_until__lt=now) | Q(lease_until__gt=now + MAX_LEASE)
    overdue = list(rows.filter(is_over, state=State.RUNNING))
    for item in overdue:
        try:
            with present_channel.within(item.channel_id or ""):
                _rescue_item(item, now)
        except Exception:  # an edge of the queue: one broken item must not stop the rescue of the others
            log.exception("could not rescue %s", item)
    expiry.expire(now=now)
    # The message that should have woken the lane may be lost. A lane with an item that runs is woken when that ends.
    running = QueueItem.objects.filter(state=State.RUNNING).values("lane")
    pending = QueueItem.objects.filter(is_due(now), state=State.PENDING).exclude(lane__in=running)
    for lane in pending.order_by().values_list("lane", flat=True).distinct():
        wakeups.wake(lane)


def _rescue_item(item: QueueItem, now: datetime) -> None:
    if item.told_at is None:
        _rescue_from_worker(item, now)
    elif item.playing_at is None:
        reason = NO_OVERLAY if item.received_at is None else NOT_BEGUN
        items.end(item, State.FAILED, reason, viewer_reason=NOTHING_SHOWS_IT(), same_lease=True)
    elif pages.is_open(since=item.playing_at):
        # It was played for as long as it may last: that is what was paid for.
        items.stop_in_time(item, "stopped: it lasted longer than it may")
    else:
        items.end(item, State.FAILED, NOT_FINISHED(), same_lease=True)


def _rescue_from_worker(item: QueueItem, now: datetime) -> None:
    kind = kinds.get(item.kind)
    # Within the deadline the worker renews its lease, so that a lapsed lease means it died.
    in_time = item.started_at is None or kind is None or now < item.started_at + timedelta(seconds=kind.deadline)
    if in_time:
        repeat_or_fail(item, DIED())
    else:
        items.end(item, State.FAILED, TOO_SLOW(), same_lease=True)


def repeat_or_fail(item: QueueItem, reason: str) -> None:
    """Return an interrupted item to its lane if its kind is safe to repeat, else fail and refund it."""
    kind = kinds.get(item.kind)
    if kind is not None and kind.repeatable and item.attempts < MAX_ATTEMPTS:
        put_back(item)
    else:
        items.end(item, State.FAILED, reason, same_lease=True)


def put_back(item: QueueItem) -> bool:
    """Return a running item to its place in its lane. Return False if it moved on since it was read."""
    is_back = items.unchanged(item, same_lease=True).update(
        state=State.PENDING, started_at=None, lease_until=None, told_at=None, received_at=None, playing_at=None
    )
    if is_back:
        after_commit(log.info, "back in the queue: %s", item)
    return bool(is_back)


def put_back_running() -> int:
    """Return running items to their lanes before the whole bot stops; fail and refund those that must not be repeated.

    Return how many went back.
    """
    count = 0
    for item in QueueItem.objects.select_related("viewer").filter(state=State.RUNNING):
        kind = kinds.get(item.kind)
        if kind is not None and kind.repeatable:
            # Not the item's fault, so MAX_ATTEMPTS does not apply.
            count += put_back(item)
        else:
            items.end(item, State.FAILED, STOPPED(), same_lease=True)
    return count


def recover() -> None:
    """Repeat or fail at once what ran when the whole bot was killed, without waiting for leases to run out.

    Call it only where no other worker can be alive: it would take the items from it.
    """
    pages.forget_all()
    for item in QueueItem.objects.select_related("viewer").filter(state=State.RUNNING):
        repeat_or_fail(item, "the bot was killed while it ran")
