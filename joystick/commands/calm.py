"""`!calm`: the panic is over."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command


@command("calm", help="go on after !panic", role=Role.MODERATOR, cooldown=0)
def calm(call: Call) -> str:
    """What `!panic` paused goes on; what somebody had paused before stays so."""
    lanes = control.calm(by=call.viewer.username)
    return f"going on: {', '.join(lanes)}." if lanes else "there was no panic."
