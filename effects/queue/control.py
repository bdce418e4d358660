"""What staff can do with the queue, from the dashboard, the API and chat. `by` names the person in the history."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.utils import timezone

from economy.models import STAFF_MAX, Viewer
from effects.models import ENDED, QUEUED, UNFINISHED, Deed, Lane, OSCChange, Purchase, QueueItem, Revert, State
from effects.overlays import messages, screens
from effects.queue import items, refunds, wakeups
from effects.queue.lanes import all_lanes, due_later, lanes_here, paused
from effects.registry import MAX_TITLE, Effect, kinds, lanes
from effects.settings_table import QueueSettings
from pixelbot_site.kit import phrases, present_channel
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("queue")

# Prefix of `Lane.paused_by` for lanes that a panic paused: its end resumes no others.
PANIC_PREFIX = "panic by "

SKIPPED = phrases.refusal("queue.skipped", "it was skipped")
CANCELLED = phrases.refusal("queue.cancelled", "it was cancelled")
CLEARED = phrases.refusal("queue.cleared", "the queue was cleared")
NOT_APPROVED = phrases.refusal("queue.rejected", "it was not approved")
STOPPED = phrases.refusal("queue.stopped", "everything was stopped")
NOT_ENDED = phrases.refusal("retry.not_ended", "it is {state}")
NO_LANE = phrases.refusal("lane.no_such", "there is no lane {name}: there are {lanes}")


def pause(lane: str, *, by: str) -> bool:
    """Start no new item in `lane` until it is resumed; a running one goes on. Return False if it was paused already."""
    check_lane(lane)
    row, _ = Lane.objects.get_or_create(name=lane)
    # Conditional, so that of two who pause it at once the first is named.
    is_new = Lane.objects.filter(pk=row.pk, paused_at=None).update(paused_at=timezone.now(), paused_by=by)
    if is_new:
        log.info("%s paused the lane %s", by, lane)
    return bool(is_new)


def resume(lane: str, *, by: str) -> bool:
    """Start items in `lane` again. Return False if it was not paused.

    The time of the pause does not count against what waits.
    """
    check_lane(lane)
    with transaction.atomic():
        row = Lane.objects.select_for_update().filter(name=lane, paused_at__isnull=False).first()
        if row is None:
            return False
        assert row.paused_at is not None
        _postpone_expiry(lane, row.paused_at, timezone.now())
        Lane.objects.filter(pk=row.pk).update(paused_at=None, paused_by="")
        wakeups.wake(lane)
    log.info("%s resumed the lane %s", by, lane)
    return True


def _postpone_expiry(lane: str, paused_at: datetime, now: datetime) -> None:
    waiting = QueueItem.objects.filter(lane=lane, state__in=QUEUED)
    waiting.filter(created_at__lt=paused_at).update(expires_at=F("expires_at") + (now - paused_at))
    # What came during the pause has not waited at all.
    until = now + timedelta(seconds=QueueSettings.current().queue_item_ttl)
    waiting.filter(created_at__gte=paused_at).update(expires_at=until)


def skip(lane: str, *, by: str, refund: bool = True) -> QueueItem | None:
    """Stop the running item of `lane`, on the overlay too; return it, or None if nothing ran."""
    check_lane(lane)
    item = _here().filter(lane=lane, state=State.RUNNING).first()
    if item is None or not _end(item, State.SKIPPED, SKIPPED(), by=by, refund=refund):
        return None
    return item


def cancel(item: QueueItem, *, by: str) -> bool:
    """End an item that waits or runs, and refund it. Return False if it had ended already."""
    state = State.SKIPPED if item.state == State.RUNNING else State.CANCELLED
    return _end(item, state, CANCELLED(), by=by)


def _here() -> QuerySet[QueueItem]:
    # What is asked in a channel's chat is about what came of that channel.
    return QueueItem.objects.select_related("viewer").filter(present_channel.is_here(nullable=True))


def _end(item: QueueItem, state: State, reason: str, *, by: str, refund: bool = True) -> bool:
    ended = items.end(item, state, reason, by=by, refund=refund)
    if ended:
        _record(item, by, reason)
    return ended


def _record(item: QueueItem, by: str, deed: str) -> None:
    # The streamer may have worded it at any length.
    Deed.objects.create(item=item, by=by, what=deed[: Deed.MAX_WHAT])


def clear(lane: str, *, by: str) -> int:
    """Cancel and refund everything that waits in `lane`, or for its time there; return how many items ended."""
    check_lane(lane)
    rows = _here().filter(lane=lane, state__in=QUEUED)
    count = 0
    for item in [*rows, *due_later(lane)]:
        count += _end(item, State.CANCELLED, CLEARED(), by=by)
    return count


def cancel_waiting(viewer: Viewer, reason: str, *, by: str) -> int:
    """Cancel and refund what of the viewer's waits in any lane; return how many items ended.

    What runs goes on, unless something is to follow it.
    """
    own = _here().filter(viewer=viewer)
    rows = [*own.filter(state__in=QUEUED), *own.filter(state=State.RUNNING).exclude(sequel=[])]
    return sum(_end(item, State.CANCELLED, reason, by=by) for item in rows)


def approve(item: QueueItem, *, by: str) -> bool:
    """Let an item that waits for approval into its lane. Return False if it does not wait any more."""
    # The time it waited for approval does not count against it.
    until = timezone.now() + timedelta(seconds=QueueSettings.current().queue_item_ttl)
    with transaction.atomic():
        waiting = QueueItem.objects.filter(pk=item.pk, state=State.WAITING)
        if not waiting.update(state=State.PENDING, expires_at=until, approved_at=timezone.now(), by=by):
            return False
        _record(item, by, "it was approved")
        item.refresh_from_db()
        items.begin(item)
    return True


def reject(item: QueueItem, *, by: str) -> bool:
    """Refuse and refund an item that waits for approval. Return False if it does not wait any more."""
    if item.state != State.WAITING:
        return False
    return _end(item, State.CANCELLED, NOT_APPROVED(), by=by)


def give_back(purchase: Purchase, *, by: str) -> bool:
    """Refund a purchase, once: what of it waits or runs is cancelled, and what has happened is paid back.

    Return False if it was refunded before, or nothing was paid. Raise Refused where the balance would pass its maximum.
    """
    if purchase.payment is None:
        return False
    own = QueueItem.objects.select_related("viewer").filter(purchase=purchase)
    cancelled = [item for item in own.filter(state__in=UNFINISHED) if cancel(item, by=by)]
    paid_back = refunds.pay_back(purchase, by=by)
    last = own.first()
    if paid_back and last is not None:
        _record(last, by, "its points were given back")
    return bool(cancelled) or paid_back


def requeue(item: QueueItem, *, by: str) -> QueueItem:
    """Put a copy of an ended `item` at the end of its lane, free of charge, and return the copy.

    Raise Refused if `item` has not ended.
    """
    if item.state not in ENDED:
        raise Refused(NOT_ENDED(state=item.state))
    effect = Effect(item.kind, item.payload, item.title[:MAX_TITLE])
    with present_channel.within(item.channel_id or ""):
        copy = items.enqueue(
            effect,
            viewer=item.viewer,
            sequel=item.sequel,
            tried_by=item.tried_by,
            event=item.event,
            is_follow_up=True,
        )
    _record(item, by, f"done again, as {copy.pk}")
    _record(copy, by, f"done again, from {item.pk}")
    log.info("%s put it into the queue again: %s", by, copy)
    return copy


def put_first(item: QueueItem, *, by: str) -> bool:
    """Make a waiting item the next of its lane. Return False if it does not wait any more."""
    others = QueueItem.objects.filter(lane=item.lane, state__in=QUEUED).exclude(pk=item.pk)
    highest = others.aggregate(highest=Max("priority"))["highest"]
    needed = 0 if highest is None else highest + 1
    first = max(item.priority, needed)
    if not QueueItem.objects.filter(pk=item.pk, state__in=QUEUED).update(priority=first, by=by):
        return False
    _record(item, by, "it was put first")
    return True


def panic(*, by: str) -> int:
    """Pause every lane, silence the overlays, undo what OBS and OSC show for a while, and cancel and refund every
    item.

    Return how many items ended.
    """
    log.warning("%s stopped everything", by)
    # Pausing first: nothing new can start while the items are cancelled.
    for lane in lanes_here():
        if pause(lane, by=by):
            Lane.objects.filter(name=lane).update(paused_by=f"{PANIC_PREFIX}{by}"[:STAFF_MAX])
    after_commit(messages.silence, screens.here() if present_channel.present() else None)
    Revert.objects.update(due_at=timezone.now())
    OSCChange.objects.update(until=timezone.now(), due_at=timezone.now())
    after_commit(wakeups.revert_in, 0)
    newest = QueueItem.objects.aggregate(newest=Max("pk"))["newest"] or 0
    count = _cancel_everything(by, _here())
    # A second time: a worker may have moved an item on after it was read, and `end` leaves such an item alone. What a
    # spin won that was ended by the first waits for the end of the panic: it is the viewer's.
    won_now = Q(pk__gt=newest, purchase=None) & ~Q(part_of="")
    return count + _cancel_everything(by, _here().exclude(won_now))


def _cancel_everything(by: str, items_here: QuerySet[QueueItem]) -> int:
    count = 0
    for item in items_here.filter(state__in=UNFINISHED):
        count += _end(item, State.CANCELLED, STOPPED(), by=by)
    return count


def calm(*, by: str) -> list[str]:
    """End the panic: resume the lanes that it paused, and return them."""
    here = lanes_here()
    by_panic = sorted(
        lane for lane, paused_by in paused().items() if paused_by.startswith(PANIC_PREFIX) and lane in here
    )
    return [lane for lane in by_panic if resume(lane, by=by)]


def state_word(item: QueueItem) -> str:
    """Return what staff read as the state of `item`."""
    if item.due_in is not None:
        return f"in {item.due_in} s"
    kind = kinds.get(item.kind)
    return kind.done_word if kind is not None and item.state == State.DONE else item.get_state_display()


def check_lane(lane: str) -> None:
    """Raise Refused, with the names of all lanes, if there is no such lane."""
    if lane not in all_lanes():
        raise Refused(NO_LANE(name=lane[:40], lanes=", ".join(lanes())))


def named_lanes(text: str) -> list[str]:
    """Return the lanes named in `text`, or all if it is blank, of the present channel's screen.

    Raise Refused for a name that is no lane.
    """
    named = text.casefold().split()
    for lane in named:
        check_lane(lane)
    return [screens.lane_here(lane) for lane in named] or lanes_here()
