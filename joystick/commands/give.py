"""`!give VIEWER N`: my points for somebody else."""

from __future__ import annotations

from economy.ledger import points
from joystick.registry import Call, command
from pixelbot_site.kit.errors import Refused


@command("give", help="give some of your points to somebody", usage="!give VIEWER N")
def give(call: Call) -> str:
    """Moves the points, once for each message."""
    taker, amount = call.somebody(0), call.amount(1)
    if amount < 0:
        raise Refused("only more than nothing can be given")
    given = points.transfer(call.viewer, taker, amount, source="give", reference=f"give:{call.message.uid}")
    return f"{taker.username} has {amount} of your points now. {given.balance_after} left."
