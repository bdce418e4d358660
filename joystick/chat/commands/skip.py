"""`!skip [LANE]`: stop what is playing."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

DONE = phrases.result("skip.done", "skipped {items}.")
NOTHING = phrases.result("skip.nothing", "nothing is playing.")


@command("skip", help="stop what is playing; {points.name} go back", usage="[LANE]", role=Role.MODERATOR, cooldown=0)
def skip(call: Call) -> str:
    """Stop what plays in the lanes named, or in all of them."""
    ended = [control.skip(lane, by=call.viewer.username) for lane in control.named_lanes(call.words)]
    # Of what was bought, the title is the viewer's own text, which the bot must not say once more.
    names = [f"#{item.pk}" if item.purchase_id else item.title or item.kind for item in ended if item is not None]
    return DONE(items=", ".join(names)) if names else NOTHING()
