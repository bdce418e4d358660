"""What goes back when an item did not happen: the points, whatever else it took, and a sentence for the viewer."""

from __future__ import annotations

import logging

from django.utils import timezone

from economy.ledger import points as ledger
from effects import chat
from effects.models import Purchase, QueueItem
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.hooks import Hook

log = logging.getLogger("queue")

MAX_REASON_CHARS = 160

purchase_undone = Hook[[QueueItem], None](
    "purchase_undone", __name__, "Give back what else a bought item took, where it did not happen: stock, cooldowns."
)


def give_back(item: QueueItem, reason: str) -> None:
    """Give back all that was taken for what the item is of, once, and tell the viewer `reason`.

    Inside the transaction that ends the item. Of several items of one purchase, the first one that ends without
    having happened gives everything back; the others nothing, and say nothing.
    """
    back, is_refunded = "", _refunds(item)
    if is_refunded:
        back = _pay_back(item)
        purchase_undone.call(item)
    if item.viewer is not None and (is_refunded or item.part_of):
        what = f"a part of {item.part_of}" if item.part_of else "that"
        why = reason.strip().rstrip(".")[:MAX_REASON_CHARS]
        stop = "" if why.endswith(("?", "!")) else "."
        chat.say(f"@{item.viewer.username} sorry, {what} did not happen: {why}{stop}{back}")


def _refunds(item: QueueItem) -> bool:
    if item.purchase is None:
        return False
    # The row decides between items of one purchase that end at the same moment: whoever changes it gives back.
    kept = Purchase.objects.filter(pk=item.purchase.pk, refunded_at=None)
    return bool(kept.update(refunded_at=timezone.now()))


def _pay_back(item: QueueItem) -> str:
    """The sentence that says so; "" where nothing was paid."""
    payment = item.purchase.payment if item.purchase else None
    if payment is None:
        return ""
    try:
        ledger.refund(payment, reason=f"{item.kind} {item.state}")
    except Refused as error:  # more than anybody can have: the lane goes on all the same
        log.error("%s could not be paid back: %s", item, error)
        return ""
    points = -payment.delta
    return f" Your {'point is' if points == 1 else f'{points} points are'} back."
