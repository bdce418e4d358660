"""`!retry NUMBER`: once more."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command


@command("retry", help="do an item again that has ended", usage="!retry NUMBER", role=Role.MODERATOR, cooldown=0)
def retry(call: Call) -> str:
    """Free of charge, at the end of its lane."""
    again = control.requeue(call.item(0), by=call.viewer.username)
    return f"once more, as number {again.pk}."
