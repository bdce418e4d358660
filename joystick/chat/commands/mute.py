"""`!mute VIEWER`: let a viewer write no more."""

from __future__ import annotations

from economy.viewers.roles import Role
from joystick.chat.moderation import doors
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

DONE = phrases.result("mute.done", "{user} is muted.")


@command("mute", help="let a viewer write no more", usage="VIEWER", role=Role.MODERATOR, cooldown=0)
def mute(call: Call) -> str:
    """Mute a viewer by their newest line; what of theirs waits is cancelled and refunded."""
    name = call.argument(0).removeprefix("@")
    return DONE(user=doors.mute_viewer(call.somebody(0), by=call.viewer.username, name=name))
