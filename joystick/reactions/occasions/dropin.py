"""Somebody who comes into the stream."""

from __future__ import annotations

from joystick.protocol.events import Entered
from joystick.reactions.kinds import Occasion, occasion


# Pages are reloaded, and lines drop: an hour as in what entering pays.
@occasion("dropin", Entered, title="somebody comes into the stream", viewer_cooldown=3600)
def dropin(entered: Entered) -> Occasion:
    """Return the occasion of an entry."""
    return Occasion(entered.username)
