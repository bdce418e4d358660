"""`!reject NUMBER`: refuse an item that waits for approval; points go back."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command, state_of
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused

DONE = phrases.result("reject.done", "#{number} is rejected.")
TOO_LATE = phrases.refusal("reject.too_late", "can't reject #{number}: it is {state}")


@command(
    "reject",
    help="reject an item that is waiting for approval; {points.name} go back",
    usage="NUMBER",
    role=Role.MODERATOR,
    cooldown=0,
)
def reject(call: Call) -> str:
    """Reject an item by its number, which the dashboard and, to moderators, `!queue` show."""
    item = call.item(0)
    if not control.reject(item, by=call.viewer.username):
        raise Refused(TOO_LATE(number=item.pk, state=state_of(item)))
    return DONE(number=item.pk)
