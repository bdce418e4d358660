"""`!give VIEWER N`: give some of one's own points to another viewer."""

from __future__ import annotations

from economy.ledger import points
from economy.ledger.amounts import counted
from joystick.registry import Call, command
from pixelbot_site.kit.errors import Refused


@command("give", help="give some of your points to somebody", usage="!give VIEWER N")
def give(call: Call) -> str:
    """Move the points, once per message."""
    taker, amount = call.somebody(0), call.amount(1)
    if amount < 0:
        raise Refused("you can't give less than 1 point")
    given = points.transfer(call.viewer, taker, amount, source="give", reference=f"give:{call.message.uid}")
    return f"you gave {taker.username} {counted(amount)} and have {given.balance_after} left."
