"""`!redeems`: what there is to buy."""

from __future__ import annotations

from joystick.registry import Call, command
from pixelbot_site.kit import phrases
from redeems import purchase

OFFERS = phrases.answer("redeems.offers", "{offers}.")
NOTHING = phrases.answer("redeems.nothing", "there is nothing to buy at the moment.")


@command("redeems", help="what you can buy with {points.name}")
def redeems(call: Call) -> str:
    """List what is offered, with its price."""
    offers = [f"!{row.key}: {row.title} ({row.price()})" for row in purchase.offered(call.viewer)]
    return OFFERS(offers=", ".join(offers)) if offers else NOTHING()
