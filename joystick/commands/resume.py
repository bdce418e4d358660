"""`!resume [LANE]`: go on."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control, lanes
from joystick.registry import Call, command


@command("resume", help="go on with a lane", usage="!resume [LANE]", role=Role.MODERATOR, cooldown=0)
def resume(call: Call) -> str:
    """One lane, or all."""
    for lane in control.named_lanes(call.words):
        control.resume(lane, by=call.viewer.username)
    left = ", ".join(lanes.paused())
    return f"still paused: {left}." if left else "everything goes on."
