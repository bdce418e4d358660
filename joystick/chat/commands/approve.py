"""`!approve NUMBER`: let an item that waits for approval into its lane."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command, state_of
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused

DONE = phrases.result("approve.done", "#{number} is approved.")
TOO_LATE = phrases.refusal("approve.too_late", "can't approve #{number}: it is {state}")


@command(
    "approve",
    help="approve an item that is waiting for approval",
    usage="NUMBER",
    role=Role.MODERATOR,
    cooldown=0,
)
def approve(call: Call) -> str:
    """Approve an item by its number, which the dashboard and, to moderators, `!queue` show."""
    item = call.item(0)
    if not control.approve(item, by=call.viewer.username):
        raise Refused(TOO_LATE(number=item.pk, state=state_of(item)))
    return DONE(number=item.pk)
