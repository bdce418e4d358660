"""`!approve NUMBER`: let an item that waits for approval into its lane."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command


@command(
    "approve",
    help="approve an item that is waiting for approval",
    usage="!approve NUMBER",
    role=Role.MODERATOR,
    cooldown=0,
)
def approve(call: Call) -> str:
    """Approve an item by its number, which the dashboard and, to moderators, `!queue` show."""
    item = call.item(0)
    if not control.approve(item, by=call.viewer.username):
        return f"can't approve #{item.pk}: it is {item.state}."
    return f"#{item.pk} is approved."
