"""`!calm`: the panic is over."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.overlays import screens
from effects.queue import control
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

DONE = phrases.result("calm.done", "resumed: {lanes}.")
NOTHING = phrases.result("calm.nothing", "there was no panic to end.")


@command("calm", help="go on after !panic", role=Role.MODERATOR, cooldown=0)
def calm(call: Call) -> str:
    """Resume the lanes that `!panic` paused; those paused before it stay paused."""
    resumed = [screens.parted(lane)[0] for lane in control.calm(by=call.viewer.username)]
    return DONE(lanes=", ".join(resumed)) if resumed else NOTHING()
