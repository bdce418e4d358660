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
    viewer = call.somebody(0)
    doors.mute_viewer(viewer, by=call.viewer.username)
    return DONE(user=viewer.username)
