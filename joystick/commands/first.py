"""`!first NUMBER`: play a waiting item next."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command


@command("first", help="play a waiting item next", usage="!first NUMBER", role=Role.MODERATOR, cooldown=0)
def first(call: Call) -> str:
    """Put an item first in its lane by its number, which the dashboard and, to moderators, `!queue` show."""
    item = call.item(0)
    if not control.put_first(item, by=call.viewer.username):
        return f"can't play #{item.pk} next: it is {item.state}."
    return f"#{item.pk} is next."
