"""`!first NUMBER`: play a waiting item next."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.models import State
from effects.queue import control
from joystick.registry import Call, command, state_of
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused

DONE = phrases.result("first.done", "#{number} is next.")
WAITS = phrases.result("first.waits", "#{number} is next once it is approved.")
TOO_LATE = phrases.refusal("first.too_late", "can't play #{number} next: it is {state}")


@command("first", help="play a waiting item next", usage="NUMBER", role=Role.MODERATOR, cooldown=0)
def first(call: Call) -> str:
    """Put an item first in its lane by its number, which the dashboard and, to moderators, `!queue` show."""
    item = call.item(0)
    if not control.put_first(item, by=call.viewer.username):
        raise Refused(TOO_LATE(number=item.pk, state=state_of(item)))
    return WAITS(number=item.pk) if item.state == State.WAITING else DONE(number=item.pk)
