"""`!points`: what I have, or what somebody else has."""

from __future__ import annotations

from economy.ledger.currencies import POINTS_LEDGER
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

OWN = phrases.answer("points.own", "you have {amount}.")
OTHERS = phrases.answer("points.others", "{user} has {amount}.")


@command("points", "balance", help="how many {points.name} you have, or another viewer has", usage="[VIEWER]")
def points(call: Call) -> str:
    """Tell the balance of the caller, or of the viewer named."""
    if call.argument(0):
        other = call.somebody(0)
        return OTHERS(user=other.username, amount=call.rules.amount(POINTS_LEDGER.amount_of(other.pk)))
    return OWN(amount=call.rules.amount(POINTS_LEDGER.amount_of(call.viewer.pk)))
