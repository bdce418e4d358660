"""The queue: effects wait in lanes, one of a lane runs at a time, and each ends done, or failed with its points back.

The row is the truth. Celery is only told a lane's name; a lost wake-up delays until the next `rescue`.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from economy import forgetting, ledger
from economy.models import Transaction, Viewer
from effects import chat, overlay
from effects.models import QueueItem, State
from effects.registry import MAX_TEXT, Effect, Kind, Told, kinds
from pixelbot_site.kit.commits import after_commit
from pixelbot_site.kit.errors import Failed

log = logging.getLogger("queue")

PREPARE_WITHIN = timedelta(seconds=15)
"""How long a worker may take to prepare an item (synthesis, say) before it counts as dead."""
START_WITHIN = timedelta(seconds=6)
"""How long the overlays have to say that they began."""
SLACK = timedelta(seconds=6)
"""How much longer than its length an item may take on the overlay."""
MOST_ATTEMPTS = 3
KEEP_SPEECH = timedelta(hours=1)


def enqueue(effect: Effect, *, viewer: Viewer | None = None, payment: Transaction | None = None) -> QueueItem:
    """Put `effect` at the end of its lane; the lane is woken once the transaction has committed."""
    kind = _kind(effect.kind)
    item = QueueItem.objects.create(
        kind=kind.name,
        lane=kind.lane,
        payload=dict(effect.payload),
        title=effect.title[:MAX_TEXT],
        viewer=viewer,
        payment=payment,
    )
    wake(kind.lane)
    return item


def waiting(lane: str) -> int:
    """How many items wait in `lane`, the running one not counted."""
    return QueueItem.objects.filter(lane=lane, state=State.PENDING).count()


def place(viewer: Viewer) -> tuple[int, int | None]:
    """(how many items wait in all lanes; the place of this viewer's first in its own lane, from 1, or None)."""
    pending = QueueItem.objects.filter(state=State.PENDING)
    mine = pending.filter(viewer=viewer).order_by("id").first()
    if mine is None:
        return pending.count(), None
    return pending.count(), pending.filter(lane=mine.lane, id__lte=mine.pk).count()


def wake(lane: str) -> None:
    """After the commit, tell a worker that `lane` has something to do."""
    from effects import tasks  # the tasks call this module back

    after_commit(tasks.wake, lane)


def drain(lane: str, *, stopped: Callable[[], bool] = bool) -> None:
    """Perform the items of `lane`, one after another, until none is left or one is with the overlays.

    `stopped` is asked before each: a process that is about to end begins nothing new.
    """
    while not stopped():
        item = claim(lane)
        if item is None or not perform(item):
            return


def claim(lane: str) -> QueueItem | None:
    """Take the oldest waiting item of `lane`, if nothing of it runs. Of any number of workers, one gets it."""
    now = timezone.now()
    item = QueueItem.objects.filter(lane=lane, state=State.PENDING).order_by("id").first()
    if item is None:
        return None
    try:
        with transaction.atomic():
            mine = QueueItem.objects.filter(pk=item.pk, state=State.PENDING).update(
                state=State.RUNNING,
                attempts=item.attempts + 1,
                started_at=now,
                lease_until=now + PREPARE_WITHIN,
                told_at=None,
                playing_at=None,
            )
    except IntegrityError:  # the database allows one running item in a lane
        return None
    if not mine:
        return None
    item.refresh_from_db()
    return item


def perform(item: QueueItem) -> bool:
    """Do what a claimed item says. True when it is over, False when the overlays have it now."""
    try:
        told = _kind(item.kind).perform(item)
        if told is not None:
            return not _tell(item, told)
        finish(item.pk, item.attempts)
    except Failed as error:
        fail(item, str(error))
    except Exception as error:  # the queue's edge: whatever went wrong is stored, and the lane goes on
        log.exception("%s failed", item)
        fail(item, f"{type(error).__name__}: {error}", details=traceback.format_exc())
    return True


def _tell(item: QueueItem, told: Told) -> bool:
    now = timezone.now()
    # The attempt tells a page that an item is being done again from one that it has shown already.
    shown = {**told.message, "attempt": item.attempts}
    result = {**item.result, "overlay": shown, "seconds": told.seconds}
    mine = QueueItem.objects.filter(pk=item.pk, state=State.RUNNING, attempts=item.attempts).update(
        result=result, told_at=now, lease_until=now + START_WITHIN
    )
    if mine:
        overlay.tell(item.pk, shown)
    return bool(mine)


def playing() -> list[tuple[int, dict[str, object]]]:
    """What the overlays should be showing now, as (item id, message): told again to one that connects late."""
    running = QueueItem.objects.filter(state=State.RUNNING, told_at__isnull=False).order_by("id")
    return [(item.pk, item.result["overlay"]) for item in running]


def _told(item_id: int, attempt: int) -> QuerySet[QueueItem]:
    """The item, if it is with the overlays now, in this attempt. Late reports of earlier attempts find nothing."""
    return QueueItem.objects.filter(pk=item_id, attempts=attempt, state=State.RUNNING, told_at__isnull=False)


def started(item_id: int, attempt: int) -> None:
    """An overlay says that it began: from now on it has the item's length and some slack."""
    waiting_for_it = _told(item_id, attempt).filter(playing_at__isnull=True)
    item = waiting_for_it.first()
    if item is not None:
        now = timezone.now()
        until = now + timedelta(seconds=item.result["seconds"]) + SLACK
        waiting_for_it.update(playing_at=now, lease_until=until)


def could_not_play(item_id: int, attempt: int, reason: str) -> bool:
    """An overlay says that it can't. Counts only while none began: one broken page must not stop what another plays."""
    item = _told(item_id, attempt).filter(playing_at__isnull=True).first()
    return item is not None and fail(item, f"The overlay could not play it: {reason}")


def finish(item_id: int, attempt: int) -> bool:
    """The item happened. False when it had ended already, as when a second overlay reports it."""
    with transaction.atomic():
        mine = QueueItem.objects.filter(pk=item_id, attempts=attempt, state=State.RUNNING).update(
            state=State.DONE, finished_at=timezone.now(), lease_until=None
        )
        if mine:
            item = QueueItem.objects.get(pk=item_id)
            after_commit(log.info, "done: %s", item)
            after_commit(overlay.done, item.pk)
            wake(item.lane)
    return bool(mine)


def fail(seen: QueueItem, reason: str, *, details: str = "") -> bool:
    """The item did not happen: store why, give the points back once, and tell the viewer.

    False, and nothing is done, when the row is not any more as it was `seen`: somebody else took it further.
    """
    with transaction.atomic():
        mine = _as_seen(seen).update(
            state=State.FAILED, error=details or reason, finished_at=timezone.now(), lease_until=None
        )
        if not mine:
            return False
        item = QueueItem.objects.select_related("viewer", "payment").get(pk=seen.pk)
        if item.payment is not None:
            ledger.refund(item.payment, reason=f"{item.kind} failed")
            name = item.viewer.username if item.viewer else "viewer"
            chat.say(f"@{name} that did not work, sorry: your {-item.payment.delta} points are back.")
        after_commit(log.warning, "failed: %s: %s", item, reason)
        after_commit(overlay.stop, item.pk)
        wake(item.lane)
    return True


def _as_seen(seen: QueueItem) -> QuerySet[QueueItem]:
    """The row, if it is still in the state, the attempt and the lease that were read."""
    return QueueItem.objects.filter(
        pk=seen.pk,
        state=seen.state,
        attempts=seen.attempts,
        lease_until=seen.lease_until,
    ).exclude(state__in=[State.DONE, State.FAILED])


def rescue(*, now: datetime | None = None) -> None:
    """Deal with items whose lease ran out, and wake every lane that has something to do. Runs on a schedule."""
    now = now or timezone.now()
    for item in QueueItem.objects.filter(state=State.RUNNING, lease_until__lt=now):
        if item.told_at is None:
            _repeat_or_fail(item, "The worker that prepared it died.")
        elif item.playing_at is None:
            fail(item, "No overlay began to play it. Is the Browser Source in OBS open?")
        else:
            fail(item, "The overlay began, but did not finish in time.")
    for lane in QueueItem.objects.filter(state=State.PENDING).order_by().values_list("lane", flat=True).distinct():
        wake(lane)


def again(item: QueueItem) -> QueueItem:
    """A copy of `item` at the end of its lane, free of charge; the failed one stays as history."""
    title = item.title[:MAX_TEXT]
    return enqueue(Effect(item.kind, item.payload, title), viewer=item.viewer)


def put_back(item: QueueItem) -> bool:
    """Return a running item to the head of its lane. False when it had ended meanwhile."""
    with transaction.atomic():
        mine = _as_seen(item).update(
            state=State.PENDING, started_at=None, lease_until=None, told_at=None, playing_at=None
        )
        if mine:
            after_commit(log.info, "back in the queue: %s", item)
    return bool(mine)


def is_running() -> bool:
    """Is any item running now, in whatever lane?"""
    return QueueItem.objects.filter(state=State.RUNNING).exists()


def put_back_running() -> int:
    """Return every running item to its lane, as a process does that takes the whole bot down with it."""
    return sum(put_back(item) for item in QueueItem.objects.filter(state=State.RUNNING))


def recover() -> None:
    """Deal at once with what was running when the whole bot was killed. Only for a process that knows it is alone."""
    for item in QueueItem.objects.filter(state=State.RUNNING):
        _repeat_or_fail(item, "The bot was killed while it ran.")


def _repeat_or_fail(item: QueueItem, reason: str) -> None:
    kind = kinds.get(item.kind)
    if kind is not None and kind.repeatable and item.attempts < MOST_ATTEMPTS:
        put_back(item)
    else:
        fail(item, reason)


def tidy(*, now: datetime | None = None) -> int:
    """Delete the speech files of items that ended over an hour ago; returns how many."""
    now = now or timezone.now()
    ended = QueueItem.objects.filter(finished_at__lt=now - KEEP_SPEECH, result__has_key="speech")
    for item in ended:
        default_storage.delete(item.result["speech"])
        item.result.pop("speech")
        item.save(update_fields=["result"])
    return len(ended)


@forgetting.also
def forget(viewer: Viewer) -> None:
    """The words of a viewer who wants to be forgotten. What still waits or plays ends as it would."""
    for item in QueueItem.objects.filter(viewer=viewer, state__in=[State.DONE, State.FAILED]):
        if "speech" in item.result:
            default_storage.delete(item.result["speech"])
        item.title, item.payload, item.result, item.error = "", {}, {}, ""
        item.save(update_fields=["title", "payload", "result", "error"])


def _kind(name: str) -> Kind:
    kind = kinds.get(name)
    if kind is None:
        raise Failed(f"Nothing here knows how to do “{name}”. Known: {', '.join(kinds)}.")
    return kind
