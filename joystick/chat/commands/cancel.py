"""`!cancel NUMBER`: take one item out; points go back."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.models import State
from effects.queue import control
from joystick.registry import Call, command, state_of
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused

DONE = phrases.result("cancel.done", "#{number} is cancelled.")
WON = phrases.result("cancel.won", "#{number} counts as done: what was drawn is the viewer's.")
TOO_LATE = phrases.refusal("cancel.too_late", "can't cancel #{number}: it is {state}")


@command("cancel", help="take one item out; {points.name} go back", usage="NUMBER", role=Role.MODERATOR, cooldown=0)
def cancel(call: Call) -> str:
    """Cancel an item by its number, which the dashboard and, to moderators, `!queue` show."""
    item = call.item(0)
    if not control.cancel(item, by=call.viewer.username):
        raise Refused(TOO_LATE(number=item.pk, state=state_of(item)))
    item.refresh_from_db()
    return WON(number=item.pk) if item.state == State.DONE else DONE(number=item.pk)
