"""`!clear [LANE]`: cancel everything that waits."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

DONE = phrases.result("clear.done", "cancelled {count} {count:item|items}.")
NOTHING = phrases.result("clear.nothing", "nothing was waiting.")


@command(
    "clear", help="cancel everything that waits; {points.name} go back", usage="[LANE]", role=Role.MODERATOR, cooldown=0
)
def clear(call: Call) -> str:
    """Cancel what waits in the lanes named, or in all of them."""
    count = sum(control.clear(lane, by=call.viewer.username) for lane in control.named_lanes(call.words))
    return DONE(count=count) if count else NOTHING()
