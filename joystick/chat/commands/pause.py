"""`!pause [LANE]`: begin nothing new."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control, lanes
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

DONE = phrases.result("pause.done", "paused: {lanes}.")


@command("pause", help="begin nothing new in a lane", usage="[LANE]", role=Role.MODERATOR, cooldown=0)
def pause(call: Call) -> str:
    """Pause the lanes named, or all of them. They stay paused over a restart."""
    for lane in control.named_lanes(call.words):
        control.pause(lane, by=call.viewer.username)
    return DONE(lanes=", ".join(lanes.paused_here()))
