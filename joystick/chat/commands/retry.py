"""`!retry NUMBER`: once more."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

DONE = phrases.result("retry.done", "trying again as #{number}.")


@command("retry", help="do an item again that has ended", usage="NUMBER", role=Role.MODERATOR, cooldown=0)
def retry(call: Call) -> str:
    """Queue a copy of an item that has ended, free of charge, at the end of its lane."""
    copy = control.requeue(call.item(0), by=call.viewer.username)
    return DONE(number=copy.pk)
