"""`!clear [LANE]`: take out what waits."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command


@command("clear", help="take out what waits; points go back", usage="!clear [LANE]", role=Role.MODERATOR, cooldown=0)
def clear(call: Call) -> str:
    """Of one lane, or of all."""
    count = sum(control.clear(lane, by=call.viewer.username) for lane in control.named_lanes(call.words))
    return f"{count} taken out." if count else "nothing was waiting."
