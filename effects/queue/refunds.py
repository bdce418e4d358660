"""Refunds of items that did not happen: points, stock and cooldowns go back, and the viewer is told why."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from economy.ledger import points
from economy.ledger import refunds as ledger_refunds
from effects import chat
from effects.chat import Priority
from effects.models import Purchase, QueueItem, Spin, State
from effects.queue import counting
from pixelbot_site.kit import origin, phrases, present_channel
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.transactions import after_commit, contained

log = logging.getLogger("queue")

# Longer reasons (an exception's text, for instance) would flood the chat.
MAX_REASON_CHARS = 160
# What ended otherwise, staff ended.
FAILED_STATES = (State.FAILED, State.EXPIRED)

FAILED = phrases.refusal("refund.failed", "@{user} sorry, that did not happen: {cause} {receipt}")
PART_FAILED = phrases.refusal(
    "refund.part_failed", "@{user} sorry, a part of {whole} did not happen: {cause} {receipt}"
)
KEPT = phrases.refusal("refund.kept", "You keep what you won with it.")
BACK = phrases.refusal("refund.back", "Your {amount:{point.name} is|{amount} {points.name} are} back.")

purchase_undone = Hook[[QueueItem, bool], None](
    "purchase_undone",
    __name__,
    "Give back what else a bought item took, where it did not happen: stock, and (not where True) cooldowns.",
)
redeem_failed = Hook[[QueueItem, str], None](
    "redeem_failed", __name__, "React, after the commit, to a redeem that did not happen and was given back."
)


def give_back(item: QueueItem, reason: str, *, keeps_cooldowns: bool = False) -> None:
    """Refund the item's purchase, once, and tell the viewer `reason`. `keeps_cooldowns`: they go on.

    Call it inside the transaction that ends the item. Of several items of one purchase, the first that fails refunds
    all of it; the others refund nothing and say nothing. After one of them has won a prize, none refunds anything: else
    the prize would be for nothing. A part that raises is logged and left out: an item that can't end would block its
    lane.
    """
    if item.purchase_id in _with_prizes([item]):
        with contained(log, "the sentence about %s", item):
            _tell_viewer(item, reason, KEPT(), is_told=True)
        return
    is_refunded, receipt = False, ""
    with contained(log, "the refund of %s", item):
        is_refunded, receipt = _refund(item)
    if not is_refunded and _is_owed(item):
        # The queue's page shows it: somebody must grant the points by hand.
        note = f"{item.error}\nThe points could not be given back; the log says why.".strip()
        QueueItem.objects.filter(pk=item.pk).update(error=note)
    if is_refunded:
        counting.count_refund(item)
        for give_back_more in purchase_undone.listeners:
            with contained(log, "giving back what %s took", item):
                give_back_more(item, keeps_cooldowns)
        if item.state in FAILED_STATES:
            after_commit(redeem_failed.call, item, _cause(reason))
    with contained(log, "the sentence about %s", item):
        _tell_viewer(item, reason, receipt, is_told=is_refunded)


def give_back_many(items: Sequence[QueueItem], reason: str, *, wait: bool) -> list[QueueItem]:
    """Do the same for many items that end for the same reason, in a few statements; return those that it was done for.

    The others are for `give_back`. Call it inside a transaction that holds the items. Without `wait` it waits for
    nobody: left out is whatever another transaction holds, and what gives back more than points. With `wait`, have the
    turn.
    """
    now = timezone.now()
    with_prizes = _with_prizes(items)
    items = [item for item in items if item.purchase_id not in with_prizes]
    bought = {item.purchase_id: item for item in items if item.purchase_id is not None}
    rows = Purchase.objects.select_for_update(skip_locked=not wait, no_key=True).filter(pk__in=bought)
    owed = {row.pk: row for row in rows.filter(refunded_at=None) if wait or not _gives_back_more(row, now)}
    paid = {row.payment_id: f"{bought[pk].kind} {bought[pk].state}" for pk, row in owed.items() if row.payment_id}
    refunded = ledger_refunds.refund_many(paid, now=now, wait=wait)
    settled = {pk for pk, row in owed.items() if row.payment_id is None or row.payment_id in refunded}
    Purchase.objects.filter(pk__in=settled).update(refunded_at=now)
    done = []
    for item in items:
        if item.purchase_id is not None and item.purchase_id not in settled:
            continue
        done.append(item)
        is_refunded = item.purchase is not None and bought[item.purchase.pk] is item
        with origin.of(item.event), present_channel.within(item.channel_id or ""):
            if item.purchase is not None and is_refunded:
                # Cooldowns that have ended hold nobody up: no statement for each of them.
                purchase_undone.call(item, not _is_cooling_down(item.purchase, now))
                after_commit(redeem_failed.call, item, _cause(reason))
            payment = item.purchase.payment if item.purchase is not None and is_refunded else None
            _tell_viewer(item, reason, BACK.part(amount=-payment.delta) if payment else "", is_told=is_refunded)
    return done


def _with_prizes(items: Iterable[QueueItem]) -> set[int | None]:
    """Return the ids of those purchases of which an item has won a prize."""
    bought = {item.purchase_id for item in items if item.purchase_id is not None}
    given = Spin.objects.filter(item__purchase__in=bought, paid_at__isnull=False)
    return set(given.values_list("item__purchase", flat=True))


def _gives_back_more(purchase: Purchase, now: datetime) -> bool:
    return purchase.took_stock or _is_cooling_down(purchase, now)


def _is_cooling_down(purchase: Purchase, now: datetime) -> bool:
    return any(datetime.fromisoformat(until) > now for until in purchase.cooldowns.values())


def pay_back(purchase: Purchase, *, by: str) -> bool:
    """Refund the payment of what has happened, once; stock and cooldowns stay as they are.

    Return False where nothing was paid, or it was refunded before. Raise Refused where the balance would pass its
    maximum.
    """
    with transaction.atomic():
        if purchase.payment is None or not _claim_refund(purchase):
            return False
        points.refund(purchase.payment, reason="given back", by=by)
    return True


def _tell_viewer(item: QueueItem, reason: str, receipt: str, *, is_told: bool) -> None:
    if item.viewer is not None and (is_told or item.part_of):
        cause = "" if phrases.is_off(reason) else phrases.stopped(_cause(reason))
        said = PART_FAILED if item.part_of else FAILED
        line = said(user=item.viewer.username, whole=item.part_of, cause=cause, receipt=receipt)
        chat.say(line, Priority.ANSWER)


def _cause(reason: str) -> str:
    # Overlays and libraries send sentences with a full stop, our own errors come without one.
    return reason.strip().rstrip(".")[:MAX_REASON_CHARS]


def _refund(item: QueueItem) -> tuple[bool, str]:
    """Return (whether this call refunded the purchase, the sentence for the viewer).

    Raise Refused where the balance would pass its maximum; roll back then, so that the purchase is owed still.
    """
    if item.purchase is None or not _claim_refund(item.purchase):
        return False, ""
    return True, _pay_back(item)


def _is_owed(item: QueueItem) -> bool:
    if item.purchase is None:
        return False
    return Purchase.objects.filter(pk=item.purchase.pk, refunded_at=None, payment__isnull=False).exists()


def _claim_refund(purchase: Purchase) -> bool:
    # Two items of one purchase may end at the same moment: the conditional update lets one of them refund it.
    not_refunded = Purchase.objects.filter(pk=purchase.pk, refunded_at=None)
    return bool(not_refunded.update(refunded_at=timezone.now()))


def _pay_back(item: QueueItem) -> str:
    """Refund the payment; return the sentence for the viewer, or "" if nothing was paid. Raise Refused where the
    balance would pass its maximum.
    """
    payment = item.purchase.payment if item.purchase else None
    if payment is None:
        return ""
    points.refund(payment, reason=f"{item.kind} {item.state}")
    return BACK.part(amount=-payment.delta)
