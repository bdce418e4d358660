"""`!redeems`: what there is to buy."""

from __future__ import annotations

from joystick.registry import Call, command
from redeems import purchase
from redeems.models import Pricing, Redeem


@command("redeems", help="what you can buy with points")
def redeems(call: Call) -> str:
    """List every redeem that is on, in stock, and possible now, with its price."""
    rows = Redeem.objects.filter(enabled=True).exclude(stock=0)
    offers = [f"!{row.key}: {row.title} ({price(row)})" for row in rows if purchase.can_happen(row)]
    return f"{', '.join(offers)}." if offers else "there is nothing to buy at the moment."


def price(row: Redeem) -> str:
    """Return what it costs, as `25`, `2 per character` or `free`."""
    if not row.cost:
        return "free"
    return f"{row.cost}" if row.pricing == Pricing.FIXED else f"{row.cost} per {Pricing(row.pricing).value}"
