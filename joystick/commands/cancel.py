"""`!cancel NUMBER`: take one item out; points go back."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command


@command("cancel", help="take one item out; points go back", usage="!cancel NUMBER", role=Role.MODERATOR, cooldown=0)
def cancel(call: Call) -> str:
    """Cancel an item by its number, which the dashboard and, to moderators, `!queue` show."""
    item = call.item(0)
    if not control.cancel(item, by=call.viewer.username):
        return f"can't cancel #{item.pk}: it is {item.state}."
    return f"#{item.pk} is cancelled."
