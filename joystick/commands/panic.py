"""`!panic`: silence, at once."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command


@command("panic", help="stop everything, give points back, pause", role=Role.MODERATOR, cooldown=0)
def panic(call: Call) -> str:
    """All sound and pictures stop; `!calm` goes on."""
    count = control.panic(by=call.viewer.username)
    return f"everything is stopped ({count} given back). !calm goes on."
