"""`!reject NUMBER`: refuse an item that waits for approval; points go back."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command


@command(
    "reject",
    help="refuse an item that waits for approval; points go back",
    usage="!reject NUMBER",
    role=Role.MODERATOR,
    cooldown=0,
)
def reject(call: Call) -> str:
    """By the number that the dashboard's queue shows, and `!queue` tells moderators."""
    item = call.item(0)
    return "rejected." if control.reject(item, by=call.viewer.username) else f"it is {item.state}."
