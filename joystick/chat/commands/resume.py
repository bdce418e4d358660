"""`!resume [LANE]`: go on."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control, lanes
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

STILL = phrases.result("resume.still", "still paused: {lanes}.")
DONE = phrases.result("resume.done", "nothing is paused now.")


@command("resume", help="go on with a lane", usage="[LANE]", role=Role.MODERATOR, cooldown=0)
def resume(call: Call) -> str:
    """Resume the lanes named, or all of them."""
    for lane in control.named_lanes(call.words):
        control.resume(lane, by=call.viewer.username)
    paused = lanes.paused_here()
    return STILL(lanes=", ".join(paused)) if paused else DONE()
