"""A new follower."""

from __future__ import annotations

from joystick.protocol.events import Follow
from joystick.reactions.kinds import Occasion, occasion


# Once a day: who unfollows and follows again would be welcomed each time.
@occasion("follow", Follow, title="somebody follows", viewer_cooldown=86_400)
def follow(follow: Follow) -> Occasion:
    """Return the occasion of a follow."""
    return Occasion(follow.username)
