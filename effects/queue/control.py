"""What staff do with the queue: from the dashboard, the API and, as moderators, from chat. `by` says who it was."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from economy.models import STAFF_MAX
from effects.models import ENDED, QUEUED, UNFINISHED, Deed, Lane, QueueItem, Revert, State
from effects.overlays import messages
from effects.queue import items, wakeups
from effects.queue.lanes import paused
from effects.registry import MAX_TITLE, Effect, lanes
from effects.settings_table import QueueSettings
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("queue")

# Before who paused a lane: so that the panic's end resumes only what it paused.
PANIC = "panic by "


def pause(lane: str, *, by: str) -> bool:
    """Begin nothing new in `lane`, until it is resumed; what runs goes on. False where it was paused already."""
    check(lane)
    row, _ = Lane.objects.get_or_create(name=lane)
    paused = Lane.objects.filter(pk=row.pk, paused_at=None).update(paused_at=timezone.now(), paused_by=by)
    if paused:
        log.info("%s paused the lane %s", by, lane)
    return bool(paused)


def resume(lane: str, *, by: str) -> bool:
    """Go on with `lane`. False where it was not paused."""
    check(lane)
    resumed = Lane.objects.filter(name=lane, paused_at__isnull=False).update(paused_at=None, paused_by="")
    if resumed:
        log.info("%s resumed the lane %s", by, lane)
        wakeups.wake(lane)
    return bool(resumed)


def skip(lane: str, *, by: str, refund: bool = True) -> QueueItem | None:
    """Stop what runs in `lane`, on the overlay too, and go on with the next; returns it, or None where nothing runs."""
    check(lane)
    item = QueueItem.objects.select_related("viewer").filter(lane=lane, state=State.RUNNING).first()
    if item is None or not _end(item, State.SKIPPED, "it was skipped", by=by, refund=refund):
        return None
    return item


def cancel(item: QueueItem, *, by: str) -> bool:
    """Take an item that waits or runs out; its points go back. False for one that has ended."""
    state = State.SKIPPED if item.state == State.RUNNING else State.CANCELLED
    return _end(item, state, "it was cancelled", by=by)


def _end(item: QueueItem, state: State, reason: str, *, by: str, refund: bool = True) -> bool:
    ended = items.end(item, state, reason, by=by, refund=refund)
    if ended:
        _note(item, by, reason)
    return ended


def _note(item: QueueItem, by: str, what: str) -> None:
    Deed.objects.create(item=item, by=by, what=what)


def clear(lane: str, *, by: str) -> int:
    """Take out everything that waits in `lane`; points go back. Returns how many."""
    check(lane)
    rows = QueueItem.objects.select_related("viewer").filter(lane=lane, state__in=QUEUED)
    return sum(_end(item, State.CANCELLED, "the queue was cleared", by=by) for item in rows)


def approve(item: QueueItem, *, by: str) -> bool:
    """Let an item that waits for approval into its lane. False when it does not wait any more."""
    until = timezone.now() + timedelta(seconds=QueueSettings.current().queue_item_ttl)
    with transaction.atomic():
        mine = QueueItem.objects.filter(pk=item.pk, state=State.WAITING)
        if not mine.update(state=State.PENDING, expires_at=until, approved_at=timezone.now(), by=by):
            return False
        _note(item, by, "it was approved")
        item.refresh_from_db()
        items.begin(item)
    return True


def reject(item: QueueItem, *, by: str) -> bool:
    """Refuse an item that waits for approval; its points go back. False when it does not wait any more."""
    return item.state == State.WAITING and _end(item, State.CANCELLED, "it was not approved", by=by)


def again(item: QueueItem, *, by: str) -> QueueItem:
    """A copy of `item`, which has ended, at the end of its lane, free of charge; the first one stays as history."""
    if item.state not in ENDED:
        raise Refused(f"it is {item.state}")
    effect = Effect(item.kind, item.payload, item.title[:MAX_TITLE])
    copy = items.enqueue(effect, viewer=item.viewer, sequel=item.sequel)
    _note(item, by, f"done again, as {copy.pk}")
    _note(copy, by, f"done again, from {item.pk}")
    log.info("%s put it into the queue again: %s", by, copy)
    return copy


def put_first(item: QueueItem, *, by: str) -> bool:
    """Make an item that waits the next of its lane. False when it does not wait any more."""
    rows = QueueItem.objects.filter(lane=item.lane, state__in=QUEUED).exclude(pk=item.pk)
    highest = rows.aggregate(highest=Max("priority"))["highest"]
    first = max(item.priority, 0 if highest is None else highest + 1)
    if not QueueItem.objects.filter(pk=item.pk, state__in=QUEUED).update(priority=first, by=by):
        return False
    _note(item, by, "it was put first")
    return True


def panic(*, by: str) -> int:
    """Stop all sound and pictures now, pause every lane, and give back what waits; returns how many items ended."""
    log.warning("%s stopped everything", by)
    for lane in lanes():
        if pause(lane, by=by):
            Lane.objects.filter(name=lane).update(paused_by=f"{PANIC}{by}"[:STAFF_MAX])
    after_commit(messages.silence)
    Revert.objects.update(due_at=timezone.now())  # and what OBS shows for a while
    after_commit(wakeups.revert_in, 0)
    rows = QueueItem.objects.select_related("viewer").filter(state__in=UNFINISHED)
    # Twice: between the look and the deed, a worker may have taken one of them further.
    return sum(_end(item, State.CANCELLED, "everything was stopped", by=by) for _ in range(2) for item in rows.all())


def calm(*, by: str) -> list[str]:
    """The panic is over: go on with the lanes that it paused; returns them."""
    held = sorted(lane for lane, paused_by in paused().items() if paused_by.startswith(PANIC))
    return [lane for lane in held if resume(lane, by=by)]


def check(lane: str) -> None:
    """Raise Refused, naming those that there are, where there is no such lane."""
    if lane not in lanes():
        raise Refused(f"there is no lane {lane[:40]}: there are {', '.join(lanes())}")


def chosen(words: str) -> Iterable[str]:
    """The lanes that somebody names; all of them, where none is named. Raises Refused for one that there is not."""
    named = words.casefold().split() or lanes()
    for lane in named:
        check(lane)
    return named
