"""What goes back when an item did not happen: the points, whatever else it took, and a sentence for the viewer."""

from __future__ import annotations

import logging

from economy.ledger import points as ledger
from effects import chat
from effects.models import QueueItem
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.hooks import Hook

log = logging.getLogger("queue")

REASON_MOST = 160

purchase_undone = Hook[[QueueItem], None](
    "purchase_undone", __name__, "Give back what else a bought item took, where it did not happen: stock, cooldowns."
)


def give_back(item: QueueItem, reason: str) -> None:
    """Give back all that was taken for `item`, and tell its viewer `reason`. Inside the transaction that ends it."""
    back = _pay_back(item)
    if item.redeem:
        purchase_undone.call(item)
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
