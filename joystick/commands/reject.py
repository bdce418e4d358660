"""`!reject NUMBER`: refuse an item that waits for approval; points go back."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command


@command(
    "reject",
    help="reject an item that is waiting for approval; points go back",
    usage="!reject NUMBER",
    role=Role.MODERATOR,
    cooldown=0,
)
def reject(call: Call) -> str:
    """Reject an item by its number, which the dashboard and, to moderators, `!queue` show."""
    item = call.item(0)
    if not control.reject(item, by=call.viewer.username):
        return f"can't reject #{item.pk}: it is {item.state}."
    return f"#{item.pk} is rejected."
