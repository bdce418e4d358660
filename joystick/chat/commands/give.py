"""`!give VIEWER N`: give some of one's own points to another viewer."""

from __future__ import annotations

from economy.ledger import points
from joystick.registry import MAX_TYPED_AMOUNT, Call, command
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused

DONE = phrases.result("give.done", "you gave {user} {amount} and have {balance} left.")
WHOLE_NUMBER = phrases.refusal("give.whole_number", "give a whole number of {points.name}, 1 or more")


@command("give", help="give some of your {points.name} to somebody", usage="VIEWER N")
def give(call: Call) -> str:
    """Move the points, once per message."""
    taker, amount = call.somebody(0), _amount(call)
    given = points.transfer(call.viewer, taker, amount, source="give", reference=f"give:{call.message.uid}")
    return DONE(user=taker.username, amount=call.rules.amount(amount), balance=given.balance_after)


def _amount(call: Call) -> int:
    typed = call.argument(1)
    if not typed:
        raise call.misused()
    if not (typed.isascii() and typed.isdecimal()) or not typed.strip("0"):
        raise Refused(WHOLE_NUMBER())
    # One that is too long to be a number of points is more than anybody has.
    return int(typed) if len(typed) < len(str(MAX_TYPED_AMOUNT)) else MAX_TYPED_AMOUNT
