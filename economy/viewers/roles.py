"""What a viewer is on the channel: the one ladder for commands and redeems."""

from __future__ import annotations

from django.db import models

from economy.models import Viewer
from pixelbot_site.kit import phrases


class Role(models.IntegerChoices):
    """A role; each may do what those before it may. The labels say for whom something is."""

    EVERYONE = 0, "everybody"
    FOLLOWER = 1, "followers"
    SUBSCRIBER = 2, "subscribers"
    MODERATOR = 3, "moderators"
    STREAMER = 4, "the streamer"


_WORDS = {role: phrases.answer(f"role.{role.name.lower()}", role.label) for role in Role}


def in_words(role: Role) -> str:
    """Return for whom something of this role is, as the bot says it in chat."""
    return _WORDS[role]()


def role_of(viewer: Viewer) -> Role:
    """Return the highest role of the viewer, by the flags stored from badges and follows."""
    if viewer.is_streamer:
        return Role.STREAMER
    if viewer.is_moderator:
        return Role.MODERATOR
    if viewer.is_subscriber:
        return Role.SUBSCRIBER
    return Role.FOLLOWER if viewer.is_follower else Role.EVERYONE
