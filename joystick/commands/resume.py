"""`!resume [LANE]`: go on."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control, lanes
from joystick.registry import Call, command


@command("resume", help="go on with a lane", usage="!resume [LANE]", role=Role.MODERATOR, cooldown=0)
def resume(call: Call) -> str:
    """Resume the lanes named, or all of them."""
    for lane in control.named_lanes(call.words):
        control.resume(lane, by=call.viewer.username)
    paused = lanes.paused()
    return f"still paused: {', '.join(paused)}." if paused else "nothing is paused now."
