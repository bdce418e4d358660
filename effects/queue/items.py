"""The queue: effects wait in lanes, one of a lane runs at a time, and each ends, with its points back if it did not
happen (`effects.queue.ending`).

The row is the truth. Celery is only told a lane's name; a lost wake-up delays until the next `effects.queue.rescue`.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from economy.models import Transaction, Viewer
from effects.models import Lane, QueueItem, State
from effects.overlays import messages
from effects.queue import ending, lease
from effects.registry import INSTANT, MAX_TITLE, Effect, Kind, Told, kinds
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.steps import Step
from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("queue")

START_WITHIN = timedelta(seconds=6)
"""How long the overlays have to say that they began."""
SLACK = timedelta(seconds=6)
"""How much longer than its length an item may take on the overlay."""


def enqueue(
    effect: Effect,
    *,
    viewer: Viewer | None = None,
    payment: Transaction | None = None,
    redeem: str = "",
    priority: int = 0,
    waits: bool = False,
    sequel: Sequence[Step] = (),
    result: Mapping[str, Any] | None = None,
) -> QueueItem:
    """Put `effect` into its lane, which is woken once the transaction has committed; what needs no lane happens now.

    `waits`: for approval by staff. `sequel`: what comes after it. `result`: what is known of it already.
    """
    kind = known(effect.kind)
    item = QueueItem(
        kind=kind.name,
        lane=kind.lane or (_first_lane(effect.payload) if waits else INSTANT),
        payload=dict(effect.payload),
        sequel=list(sequel),
        result=dict(result or {}),
        title=effect.title[:MAX_TITLE],
        viewer=viewer,
        payment=payment,
        redeem=redeem,
        priority=priority,
        state=State.WAITING if waits else State.PENDING,
        expires_at=timezone.now() + timedelta(seconds=settings.QUEUE_ITEM_TTL),
    )
    item.save(force_insert=True)
    if not waits:
        begin(item, kind)
    return item


def _first_lane(payload: Mapping[str, Any]) -> str:
    """Where a sequence that waits for approval is counted, and cleared: in the first lane that it will need."""
    for step in payload.get("effects", []):
        kind = kinds.get(str(step.get("kind")))
        lane = kind.lane or _first_lane(step) if kind is not None else INSTANT
        if lane:
            return lane
    return INSTANT


def enqueue_known(effect: Effect, *, viewer: Viewer | None = None, part_of: str = "") -> QueueItem | None:
    """The same for what the streamer set up: a kind that is not there any more is left out, with a word in the log.

    `part_of`: what it belongs to, where the viewer shall be told when it does not happen.
    """
    try:
        return enqueue(effect, viewer=viewer, result={"part_of": part_of} if part_of else None)
    except Failed as error:
        log.warning("left out: %s", error)
        return None


def begin(item: QueueItem, kind: Kind | None = None) -> None:
    """An item that waits no longer for anybody: wake its lane, or do at once what needs none."""
    kind = kind or known(item.kind)
    if kind.lane == INSTANT:
        item.state, item.attempts, item.started_at = State.RUNNING, 1, timezone.now()
        item.lease_until = item.started_at + lease.LENGTH  # should the process die in this very moment
        item.lane = INSTANT
        item.save(update_fields=["state", "attempts", "started_at", "lease_until", "lane"])
        perform(item)
        item.refresh_from_db()
    else:
        wake(kind.lane)


def hand_on(item: QueueItem, effect: Effect, *, sequel: Sequence[Step] = ()) -> QueueItem:
    """Enqueue what comes after `item`, and give it what the viewer bought: should it fail, the points go back."""
    payment, redeem = item.payment, item.redeem
    kept = {name: item.result[name] for name in ("took", "part_of") if name in item.result}
    item.payment, item.redeem = None, ""
    item.save(update_fields=["payment", "redeem"])
    return enqueue(
        effect,
        viewer=item.viewer,
        payment=payment,
        redeem=redeem,
        priority=item.priority,
        sequel=sequel,
        result=kept,
    )


def waiting(lane: str) -> int:
    """How many items wait in `lane`, the running one not counted."""
    return QueueItem.objects.filter(lane=lane, state__in=[State.WAITING, State.PENDING]).count()


def place(viewer: Viewer) -> tuple[int, int | None]:
    """(how many items wait in all lanes; the place of this viewer's first in its own lane, from 1, or None)."""
    pending = QueueItem.objects.filter(state=State.PENDING)
    mine = pending.filter(viewer=viewer).order_by("-priority", "id").first()
    if mine is None:
        return pending.count(), None
    before = Q(priority__gt=mine.priority) | Q(priority=mine.priority, id__lte=mine.pk)
    return pending.count(), pending.filter(before, lane=mine.lane).count()


def wake(lane: str) -> None:
    """After the commit, tell a worker that `lane` has something to do."""
    from effects import tasks  # the tasks call this module back

    after_commit(tasks.wake, lane)


def drain(lane: str, *, stopped: Callable[[], bool] = bool) -> None:
    """Perform the items of `lane`, one after another, until none is left or one is with the overlays.

    `stopped` is asked before each: a process that is about to end begins nothing new. While the overlays have one, the
    slow part of the next (its synthesis) is done.
    """
    while not stopped():
        item = claim(lane)
        if item is None:
            return
        if not perform(item):
            prepare_next(lane)
            return


def claim(lane: str) -> QueueItem | None:
    """Take the first waiting item of `lane`, by priority and arrival, if nothing of it runs and it is not paused. Of
    any number of workers, one gets it.
    """
    while (item := _first(lane)) is not None and item.expires_at is not None and item.expires_at < timezone.now():
        ending.end(item, State.EXPIRED, "it waited too long")
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
    if kind is not None and kind.ahead is not None:  # it may have been prepared between the look and the claim
        item.refresh_from_db(fields=["result"])
    return item


CLAIMED = ("state", "attempts", "started_at", "lease_until", "told_at", "playing_at")


def _first(lane: str) -> QueueItem | None:
    """What comes next in a lane that is not paused."""
    # Two plain queries: for one that asks both, Django takes longer than for these together.
    if Lane.objects.filter(name=lane, paused_at__isnull=False).exists():
        return None
    return QueueItem.objects.filter(lane=lane, state=State.PENDING).order_by("-priority", "id").first()


def perform(item: QueueItem) -> bool:
    """Do what a claimed item says. True when it is over, False when the overlays have it now."""
    try:
        kind = known(item.kind)
        # What is instant happens inside of somebody's transaction, which must survive it.
        with transaction.atomic() if kind.lane == INSTANT else lease.of(item, seconds=kind.deadline):
            told = kind.perform(item)
        if told is not None:
            return not _tell(item, told)
        ending.finish(item.pk, item.attempts, result=item.result)
    except (Failed, Refused) as error:
        ending.end(item, State.FAILED, str(error))
    except Exception as error:  # the queue's edge: whatever went wrong is stored, and the lane goes on
        log.exception("%s failed", item)
        reason = f"{type(error).__name__}: {error}"
        ending.end(item, State.FAILED, reason, details=traceback.format_exc(), said="something broke")
    return True


def prepare_next(lane: str) -> None:
    """Do the slow part of the item that comes next, so that nobody waits for it then. A failure shows when it runs."""
    if not any(kind.ahead for kind in kinds.values() if kind.lane == lane):
        return
    item = _first(lane)
    kind = kinds.get(item.kind) if item is not None else None
    if item is None or kind is None or kind.ahead is None or item.result.get("is_ready"):
        return
    try:
        item.result = {**item.result, **kind.ahead(item), "is_ready": True}
    except Failed as error:
        log.info("not prepared ahead: %s: %s", item, error)
        return
    QueueItem.objects.filter(pk=item.pk, state=State.PENDING, attempts=item.attempts).update(result=item.result)


def _tell(item: QueueItem, told: Told) -> bool:
    now = timezone.now()
    # The attempt tells a page that an item is being done again from one that it has shown already.
    shown = {**told.message, "lane": item.lane, "attempt": item.attempts}
    seconds = min(told.seconds, settings.QUEUE_ITEM_MAX_SECONDS)
    result = {**item.result, "overlay": shown, "seconds": seconds}
    mine = QueueItem.objects.filter(pk=item.pk, state=State.RUNNING, attempts=item.attempts).update(
        result=result, told_at=now, lease_until=now + START_WITHIN
    )
    if mine:
        messages.tell(item.pk, shown)
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


def finished(item_id: int, attempt: int) -> bool:
    """An overlay says that it was shown to its end. False when the item had ended already."""
    return ending.finish(item_id, attempt)


def could_not_play(item_id: int, attempt: int, reason: str) -> bool:
    """An overlay says that it can't. Counts only while none began: one broken page must not stop what another plays."""
    item = _told(item_id, attempt).filter(playing_at__isnull=True).first()
    said = "the overlay could not play it"
    return item is not None and ending.end(item, State.FAILED, f"{said}: {reason}", said=said)


def is_running() -> bool:
    """Is any item running now, in whatever lane?"""
    return QueueItem.objects.filter(state=State.RUNNING).exists()


def known(name: str) -> Kind:
    """The kind of that name. Raises Failed, naming those that there are."""
    kind = kinds.get(name)
    if kind is None:
        raise Failed(f"Nothing here knows how to do “{name}”. Known: {', '.join(kinds)}.")
    return kind
