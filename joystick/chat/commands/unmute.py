"""`!unmute VIEWER`: let a muted viewer write again."""

from __future__ import annotations

from economy.viewers.roles import Role
from joystick.chat.moderation import doors
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

DONE = phrases.result("unmute.done", "{user} may write again.")


@command("unmute", help="let a muted viewer write again", usage="VIEWER", role=Role.MODERATOR, cooldown=0)
def unmute(call: Call) -> str:
    """Unmute a viewer, also one whom the bot has never seen."""
    name = call.argument(0).removeprefix("@")
    if not name:
        raise call.misused()
    doors.unmute(name, channel_id=call.message.channel_id, by=call.viewer.username)
    return DONE(user=name)
