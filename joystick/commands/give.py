"""`!give VIEWER N`: give some of one's own points to another viewer."""

from __future__ import annotations

from economy.ledger import points
from joystick.registry import MAX_TYPED_AMOUNT, Call, command
from pixelbot_site.kit.errors import Refused


@command("give", help="give some of your points to somebody", usage="!give VIEWER N")
def give(call: Call) -> str:
    """Move the points, once per message."""
    taker, amount = call.somebody(0), _amount(call)
    given = points.transfer(call.viewer, taker, amount, source="give", reference=f"give:{call.message.uid}")
    return f"you gave {taker.username} {call.rules.amount(amount)} and have {given.balance_after} left."


def _amount(call: Call) -> int:
    typed = call.argument(1)
    if not typed:
        raise Refused(f"write it like this: {call.usage}")
    if not (typed.isascii() and typed.isdecimal()) or not typed.strip("0"):
        raise Refused(call.rules.named("give a whole number of points, 1 or more"))
    # One that is too long to be a number of points is more than anybody has.
    return int(typed) if len(typed) < len(str(MAX_TYPED_AMOUNT)) else MAX_TYPED_AMOUNT
