"""`!cancel NUMBER`: take one item out; points go back."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command


@command("cancel", help="take one item out; points go back", usage="!cancel NUMBER", role=Role.MODERATOR, cooldown=0)
def cancel(call: Call) -> str:
    """By the number that the dashboard's queue shows, and `!queue` tells moderators."""
    item = call.item(0)
    return "taken out." if control.cancel(item, by=call.viewer.username) else f"it is {item.state}."
