"""Refunds of items that did not happen: points, stock and cooldowns go back, and the viewer is told why."""

from __future__ import annotations

import logging

from django.utils import timezone

from economy.ledger import points
from effects import chat
from effects.chat import Priority
from effects.models import Purchase, QueueItem
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.hooks import Hook

log = logging.getLogger("queue")

# Longer reasons (an exception's text, for instance) would flood the chat.
MAX_REASON_CHARS = 160

purchase_undone = Hook[[QueueItem], None](
    "purchase_undone", __name__, "Give back what else a bought item took, where it did not happen: stock, cooldowns."
)


def give_back(item: QueueItem, reason: str) -> None:
    """Refund the item's purchase, once, and tell the viewer `reason`.

    Call it inside the transaction that ends the item. Of several items of one purchase, the first that fails refunds
    all of it; the others refund nothing and say nothing.
    """
    receipt = ""
    is_refunded = _claim_refund(item)
    if is_refunded:
        receipt = _pay_back(item)
        purchase_undone.call(item)
    if item.viewer is not None and (is_refunded or item.part_of):
        subject = f"a part of {item.part_of}" if item.part_of else "that"
        # Overlays and libraries send sentences with a full stop, our own errors come without one.
        cause = reason.strip().rstrip(".")[:MAX_REASON_CHARS]
        stop = "" if cause.endswith(("?", "!")) else "."
        chat.say(f"@{item.viewer.username} sorry, {subject} did not happen: {cause}{stop}{receipt}", Priority.ANSWER)


def _claim_refund(item: QueueItem) -> bool:
    if item.purchase is None:
        return False
    # Two items of one purchase may end at the same moment: the conditional update lets one of them refund it.
    not_refunded = Purchase.objects.filter(pk=item.purchase.pk, refunded_at=None)
    return bool(not_refunded.update(refunded_at=timezone.now()))


def _pay_back(item: QueueItem) -> str:
    """Refund the payment; return the sentence for the viewer, or "" if nothing was paid."""
    payment = item.purchase.payment if item.purchase else None
    if payment is None:
        return ""
    try:
        points.refund(payment, reason=f"{item.kind} {item.state}")
    except Refused as error:  # the balance would pass its maximum; the lane goes on all the same
        log.error("%s could not be paid back: %s", item, error)
        return ""
    amount = -payment.delta
    return " Your point is back." if amount == 1 else f" Your {amount} points are back."
