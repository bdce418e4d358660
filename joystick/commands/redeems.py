"""`!redeems`: what there is to buy."""

from __future__ import annotations

from joystick.registry import Call, command
from redeems.models import Pricing, Redeem


@command("redeems", help="what points buy")
def redeems(call: Call) -> str:
    """Every redeem that is on and in stock, with its price."""
    rows = Redeem.objects.filter(enabled=True).exclude(stock=0)
    return ", ".join(f"!{row.key}: {row.title} ({price(row)})" for row in rows) or "nothing at the moment."


def price(row: Redeem) -> str:
    """`25`, `2 each character`, `free`."""
    if not row.cost:
        return "free"
    return f"{row.cost}" if row.pricing == Pricing.FIXED else f"{row.cost} each {Pricing(row.pricing).value}"
