"""`!addpoints VIEWER N`: a moderator's correction."""

from __future__ import annotations

from economy.ledger import points
from economy.viewers.roles import Role
from joystick.registry import Call, command
from pixelbot_site.kit.errors import Refused


@command(
    "addpoints",
    help="give points to a viewer, or take some with a minus",
    usage="!addpoints VIEWER N",
    role=Role.MODERATOR,
    cooldown=0,
)
def addpoints(call: Call) -> str:
    """Adjusts the balance; the ledger says by whom."""
    viewer, amount = call.somebody(0), call.amount(1)
    have = viewer.points.balance
    if have + amount < 0:
        raise Refused(f"{viewer.username} has only {have}")
    row = points.adjust(
        viewer,
        amount,
        source="moderator",
        reference=f"addpoints:{call.message.uid}",
        moderator=call.viewer,
    )
    return f"{viewer.username} has {row.balance_after} points now."
