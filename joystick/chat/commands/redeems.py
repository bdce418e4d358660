"""`!redeems`: what there is to buy."""

from __future__ import annotations

from joystick.registry import Call, command
from pixelbot_site.kit import phrases
from redeems import purchase
from redeems.models import Redeem

OFFERS = phrases.answer("redeems.offers", "{offers}.")
NOTHING = phrases.answer("redeems.nothing", "there is nothing to buy at the moment.")


@command("redeems", help="what you can buy with {points.name}")
def redeems(call: Call) -> str:
    """List every redeem that is on, in stock, and possible now, with its price."""
    rows = Redeem.objects.filter(enabled=True).exclude(stock=0)
    offers = [f"!{row.key}: {row.title} ({row.price()})" for row in rows if purchase.can_happen(row)]
    return OFFERS(offers=", ".join(offers)) if offers else NOTHING()
