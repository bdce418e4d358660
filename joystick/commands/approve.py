"""`!approve NUMBER`: let an item happen that waits for approval."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command


@command(
    "approve",
    help="let an item happen that waits for approval",
    usage="!approve NUMBER",
    role=Role.MODERATOR,
    cooldown=0,
)
def approve(call: Call) -> str:
    """By the number that the dashboard's queue shows, and `!queue` tells moderators."""
    item = call.item(0)
    return "approved." if control.approve(item, by=call.viewer.username) else f"it is {item.state}."
