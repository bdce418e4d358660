"""`!permit VIEWER`: let a viewer write one link."""

from __future__ import annotations

from economy.viewers.roles import Role
from joystick.chat.moderation import judging
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

DONE = phrases.result("permit.done", "{user} may write one link within {seconds} seconds.")


@command("permit", help="let a viewer write one link", usage="VIEWER", role=Role.MODERATOR, cooldown=0)
def permit(call: Call) -> str:
    """Let one line with links by a viewer pass."""
    viewer = call.somebody(0)
    judging.permit(viewer, now=call.now)
    return DONE(user=viewer.username, seconds=judging.PERMIT_SECONDS)
