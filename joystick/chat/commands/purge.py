"""`!purge VIEWER`: delete a viewer's newest lines."""

from __future__ import annotations

from economy.viewers.roles import Role
from joystick.chat.moderation import doors
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

DONE = phrases.result("purge.done", "{count} {count:line|lines} of {user} {count:is|are} deleted.")
NOTHING = phrases.result("purge.nothing", "there is no line of {user} to delete.")


@command("purge", help="delete a viewer's newest lines", usage="VIEWER", role=Role.MODERATOR, cooldown=0)
def purge(call: Call) -> str:
    """Delete the lines of a viewer's last hours; what of theirs waits is cancelled and refunded."""
    viewer = call.somebody(0)
    count = doors.purge(viewer, now=call.now, by=call.viewer.username)
    return DONE(count=count, user=viewer.username) if count else NOTHING(user=viewer.username)
