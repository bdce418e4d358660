"""`!addpoints VIEWER N`: a moderator's correction."""

from __future__ import annotations

from economy.ledger import points
from economy.viewers.roles import Role
from joystick.registry import Call, command
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused

TOO_FEW = phrases.refusal("addpoints.too_few", "{user} has only {amount}")
DONE = phrases.result("addpoints.done", "{user} now has {amount} ({change}).")


@command(
    "addpoints",
    help="give {points.name} to a viewer, or take some with a minus",
    usage="VIEWER N",
    role=Role.MODERATOR,
    cooldown=0,
)
def addpoints(call: Call) -> str:
    """Adjust the balance; the ledger row names the moderator."""
    viewer, amount = call.somebody(0), call.amount(1)
    balance = viewer.points.balance
    if balance + amount < 0:
        # The ledger would refuse as well, but in words meant for the viewer who pays.
        raise Refused(TOO_FEW(user=viewer.username, amount=call.rules.amount(balance)))
    row = points.adjust(
        viewer,
        amount,
        source="moderator",
        reference=f"addpoints:{call.message.uid}",
        moderator=call.viewer,
    )
    return DONE(user=viewer.username, amount=call.rules.amount(row.balance_after), change=f"{amount:+}")
