"""`!first NUMBER`: make a waiting item the next."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command


@command("first", help="make a waiting item the next", usage="!first NUMBER", role=Role.MODERATOR, cooldown=0)
def first(call: Call) -> str:
    """By the number that the dashboard's queue shows, and `!queue` tells moderators."""
    item = call.item(0)
    return "it is next." if control.put_first(item, by=call.viewer.username) else f"it is {item.state}."
