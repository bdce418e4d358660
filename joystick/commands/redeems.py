"""`!redeems`: what there is to buy."""

from __future__ import annotations

from joystick.registry import Call, command
from redeems.models import Redeem


@command("redeems", help="what points buy")
def redeems(call: Call) -> str:
    """Every redeem that is on, with its price."""
    rows = Redeem.objects.filter(enabled=True)
    return ", ".join(f"!{row.key}: {row.title} ({row.cost or 'free'})" for row in rows) or "nothing at the moment."
