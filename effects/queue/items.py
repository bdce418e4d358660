"""The queue: effects wait in lanes, one of a lane runs at a time, and each ends, with its points back if it did not
happen (`effects.queue.refunds`).

The row is the truth. Celery is only told a lane's name; a lost wake-up delays until the next `effects.queue.rescue`.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from economy.models import Viewer
from effects.models import ENDED, MADE, Purchase, QueueItem, State
from effects.overlays import messages
from effects.queue import lease, refunds
from effects.queue.wakeups import wake
from effects.registry import INSTANT, MAX_TITLE, Effect, EffectKind, OverlayTask, kinds
from effects.settings_table import QueueSettings
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.steps import SEQUENCE, Step, leaves
from pixelbot_site.kit.transactions import after_commit, again_after_deadlock

log = logging.getLogger("queue")

# How long the overlays have to say that they began.
START_WITHIN = timedelta(seconds=6)


def enqueue(
    effect: Effect,
    *,
    viewer: Viewer | None = None,
    purchase: Purchase | None = None,
    part_of: str = "",
    priority: int = 0,
    waits: bool = False,
    sequel: Sequence[Step] = (),
) -> QueueItem:
    """Put `effect` into its lane, which is woken once the transaction has committed; what needs no lane happens now.

    `waits`: for approval by staff. `sequel`: what comes after it. `part_of`: what it belongs to, where the viewer
    shall be told when it does not happen.
    """
    kind = known(effect.kind)
    item = QueueItem(
        kind=kind.name,
        lane=kind.lane or (_first_lane(effect.payload) if waits else INSTANT),
        payload=dict(effect.payload),
        sequel=list(sequel),
        title=effect.title[:MAX_TITLE],
        viewer=viewer,
        purchase=purchase,
        part_of=part_of,
        priority=priority,
        state=State.WAITING if waits else State.PENDING,
        expires_at=timezone.now() + timedelta(seconds=QueueSettings.current().queue_item_ttl),
    )
    item.save(force_insert=True)
    if not waits:
        begin(item, kind)
    return item


def _first_lane(payload: Mapping[str, Any]) -> str:
    """Where a sequence that waits for approval is counted, and cleared: in the first lane that it will need."""
    needed = (kinds.get(str(step.get("kind"))) for step in leaves(payload.get("effects", [])))
    return next((kind.lane for kind in needed if kind is not None and kind.lane), INSTANT)


def enqueue_known(effect: Effect, *, viewer: Viewer | None = None, part_of: str = "") -> QueueItem | None:
    """The same for what the streamer set up: a kind that is not there any more is left out, with a word in the log."""
    try:
        return enqueue(effect, viewer=viewer, part_of=part_of)
    except Failed as error:
        log.warning("left out: %s", error)
        return None


def begin(item: QueueItem, kind: EffectKind[Any] | None = None) -> None:
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
    """Enqueue what comes after `item`, as part of the same purchase: should it fail, the points go back."""
    return enqueue(
        effect,
        viewer=item.viewer,
        purchase=item.purchase,
        part_of=item.part_of,
        priority=item.priority,
        sequel=sequel,
    )


def perform(item: QueueItem) -> bool:
    """Do what a claimed item says. True when it is over, False when the overlays have it now."""
    try:
        kind = known(item.kind)
        payload = kind.parse(item.payload)
        # What is instant happens inside of somebody's transaction, which must survive it.
        with transaction.atomic() if kind.lane == INSTANT else lease.of(item, seconds=kind.deadline):
            task = kind.perform(item, payload)
        if task is not None:
            return not _hand_to_overlays(item, task)
        finish(item.pk, item.attempts, made=_made(item))
    except (Failed, Refused) as error:
        end(item, State.FAILED, str(error))
    except Exception as error:  # the queue's edge: whatever went wrong is stored, and the lane goes on
        log.exception("%s failed", item)
        reason = f"{type(error).__name__}: {error}"
        end(item, State.FAILED, reason, details=traceback.format_exc(), said="something broke")
    return True


def _hand_to_overlays(item: QueueItem, task: OverlayTask) -> bool:
    now = timezone.now()
    # The attempt tells a page that an item is being done again from one that it has shown already.
    shown = {**task.message, "lane": item.lane, "attempt": item.attempts}
    seconds = min(task.seconds, QueueSettings.current().queue_item_max_seconds)
    mine = QueueItem.objects.filter(pk=item.pk, state=State.RUNNING, attempts=item.attempts).update(
        overlay_message=shown, overlay_seconds=seconds, told_at=now, lease_until=now + START_WITHIN, **_made(item)
    )
    if mine:
        messages.show(item.pk, shown)
    return bool(mine)


def _made(item: QueueItem) -> dict[str, Any]:
    return {name: getattr(item, name) for name in MADE}


def finish(item_id: int, attempt: int, *, made: Mapping[str, Any] | None = None) -> bool:
    """The item happened. False when it had ended already, as when a second overlay reports it.

    `made`: the fields that performing it set, with their values.
    """
    rows = QueueItem.objects.filter(pk=item_id, attempts=attempt, state=State.RUNNING)
    item = rows.first()
    if item is None:
        return False
    return _done(item, rows, messages.done, **(made or {}))


@again_after_deadlock
def _done(item: QueueItem, rows: QuerySet[QueueItem], tell: Callable[[int], None], **more: Any) -> bool:
    try:
        with transaction.atomic():
            if not rows.update(state=State.DONE, finished_at=timezone.now(), lease_until=None, **more):
                return False
            item = QueueItem.objects.select_related("viewer", "purchase").get(pk=item.pk)
            kind = kinds.get(item.kind)
            if kind is not None:
                kind.settle(item)
            after_commit(log.info, "done: %s", item)
            _let_others_go_on(item, tell)
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # the queue's edge, too: what can't be given must not hold up its lane
        log.exception("%s could not be settled", item)
        reason = "what it gives could not be given"
        return _stop(rows, State.FAILED, reason, error=reason, said="something broke", by=item.by, refund=True)
    return True


def end(
    seen: QueueItem,
    state: State,
    reason: str,
    *,
    details: str = "",
    said: str = "",
    by: str = "",
    refund: bool = True,
    overdue: bool = False,
) -> bool:
    """The item did not happen, for `reason`: store it, give the points back once, and tell the viewer (`said`, where
    the reason is not for viewers). What was promised already (a drawn prize) is given instead.

    False, and nothing is done, when the row is not any more as it was `seen`: somebody else took it further.
    `overdue`: it ends because its lease ran out; a lease that was renewed meanwhile then counts as further, too.
    """
    rows = as_seen(seen, overdue=overdue)
    kind = kinds.get(seen.kind)
    if kind is not None and kind.is_promised(seen):
        return _done(seen, rows, messages.stop, error=reason, by=by or seen.by)
    return _stop(rows, state, reason, error=details or reason, said=said or reason, by=by or seen.by, refund=refund)


@again_after_deadlock
def _stop(
    rows: QuerySet[QueueItem], state: State, reason: str, *, error: str, said: str, by: str, refund: bool
) -> bool:
    with transaction.atomic():
        item = rows.first()
        ended = {"state": state, "error": error, "finished_at": timezone.now(), "lease_until": None}
        if item is None or not rows.update(**ended, by=by):
            return False
        item = QueueItem.objects.select_related("viewer", "purchase__payment").get(pk=item.pk)
        if refund:
            refunds.give_back(item, said)
        after_commit(log.warning if state == State.FAILED else log.info, "%s: %s: %s", state, item, reason)
        _let_others_go_on(item, messages.stop)
    return True


def _let_others_go_on(item: QueueItem, tell: Callable[[int], None]) -> None:
    if item.sequel and _goes_on(item):
        rest = Effect(SEQUENCE, {"effects": item.sequel}, item.title)
        hand_on(item, rest)
    after_commit(tell, item.pk)
    if item.lane:
        wake(item.lane)


def _goes_on(item: QueueItem) -> bool:
    """What was taken out takes along what comes after it; and so does what failed, where the points went back."""
    return item.state == State.DONE or (item.state in {State.FAILED, State.SKIPPED} and item.purchase is None)


def as_seen(seen: QueueItem, *, overdue: bool = False) -> QuerySet[QueueItem]:
    """The row, if it is still in the state and the attempt that were read; `overdue`: with the same lease, too."""
    rows = QueueItem.objects.filter(pk=seen.pk, state=seen.state, attempts=seen.attempts).exclude(state__in=ENDED)
    return rows.filter(lease_until=seen.lease_until) if overdue else rows


def known(name: str) -> EffectKind[Any]:
    """The kind of that name. Raises Failed, naming those that there are."""
    kind = kinds.get(name)
    if kind is None:
        raise Failed(f"Nothing here knows how to do “{name}”. Known: {', '.join(kinds)}.")
    return kind
