"""How items end: done, or with their points back, exactly once, and with a word to the viewer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from economy.ledger import points as ledger
from effects import chat
from effects.models import ENDED, QueueItem, State
from effects.overlays import messages
from effects.registry import Effect, kinds
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.transactions import after_commit, again_after_deadlock

log = logging.getLogger("queue")

REASON_MOST = 160
Undo = Callable[[QueueItem], None]
_undoes: list[Undo] = []


def undone_by(step: Undo) -> Undo:
    """Register what else is given back when a bought item did not happen (the floor above keeps stock, cooldowns)."""
    _undoes.append(step)
    return step


def finish(item_id: int, attempt: int, *, result: dict[str, Any] | None = None) -> bool:
    """The item happened. False when it had ended already, as when a second overlay reports it."""
    rows = QueueItem.objects.filter(pk=item_id, attempts=attempt, state=State.RUNNING)
    item = rows.first()
    if item is None:
        return False
    more = {} if result is None else {"result": {**item.result, **result}}
    return _done(item, rows, messages.done, **more)


@again_after_deadlock
def _done(item: QueueItem, rows: QuerySet[QueueItem], tell: Callable[[int], None], **more: Any) -> bool:
    try:
        with transaction.atomic():
            if not rows.update(state=State.DONE, finished_at=timezone.now(), lease_until=None, **more):
                return False
            item = QueueItem.objects.select_related("viewer").get(pk=item.pk)
            kind = kinds.get(item.kind)
            if kind is not None and kind.settle is not None:
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
    if kind is not None and kind.promised is not None and kind.promised(seen):
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
        item = QueueItem.objects.select_related("viewer", "payment").get(pk=item.pk)
        if refund:
            _give_back(item, said)
        after_commit(log.warning if state == State.FAILED else log.info, "%s: %s: %s", state, item, reason)
        _let_others_go_on(item, messages.stop)
    return True


def _give_back(item: QueueItem, reason: str) -> None:
    back = _pay_back(item)
    if item.redeem:
        for step in _undoes:
            step(item)
    part_of = item.result.get("part_of", "")
    if item.viewer is not None and (back or item.redeem or part_of):
        what = f"a part of {part_of}" if part_of else "that"
        why = reason.strip().rstrip(".")[:REASON_MOST]
        stop = "" if why.endswith(("?", "!")) else "."
        chat.say(f"@{item.viewer.username} sorry, {what} did not happen: {why}{stop}{back}")


def _pay_back(item: QueueItem) -> str:
    """The sentence that says so; "" where nothing was paid."""
    if item.payment is None:
        return ""
    try:
        ledger.refund(item.payment, reason=f"{item.kind} {item.state}")
    except Refused as error:  # more than anybody can have: the lane goes on all the same
        log.error("%s could not be paid back: %s", item, error)
        return ""
    points = -item.payment.delta
    return f" Your {'point is' if points == 1 else f'{points} points are'} back."


def _let_others_go_on(item: QueueItem, tell: Callable[[int], None]) -> None:
    from effects import tasks
    from effects.queue import items  # they call this module back

    if item.sequel and _goes_on(item):
        rest = Effect("run_effects", {"effects": item.sequel}, item.title)
        items.hand_on(item, rest)
    after_commit(tell, item.pk)
    if item.lane:
        after_commit(tasks.wake, item.lane)


def _goes_on(item: QueueItem) -> bool:
    """What was taken out takes along what comes after it; and so does what failed, where the points went back."""
    return item.state == State.DONE or (item.state in {State.FAILED, State.SKIPPED} and not item.redeem)


def as_seen(seen: QueueItem, *, overdue: bool = False) -> QuerySet[QueueItem]:
    """The row, if it is still in the state and the attempt that were read; `overdue`: with the same lease, too."""
    rows = QueueItem.objects.filter(pk=seen.pk, state=seen.state, attempts=seen.attempts).exclude(state__in=ENDED)
    return rows.filter(lease_until=seen.lease_until) if overdue else rows
