"""`!title TEXT`: change the stream's title."""

from __future__ import annotations

from economy.viewers.roles import Role
from joystick.chat.moderation import titles
from joystick.registry import Call, command


@command("title", help="change the stream's title", usage="TEXT", role=Role.MODERATOR, cooldown=0)
def title(call: Call) -> str:
    """Have the title changed. The answer follows once Joystick has given its own."""
    text = " ".join(call.words.split())
    if not text:
        raise call.misused()
    return titles.ask(text, channel_id=call.message.channel_id, username=call.viewer.username)
