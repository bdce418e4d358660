"""A subscription that goes on."""

from __future__ import annotations

from joystick.protocol.events import Resubscription
from joystick.reactions.kinds import Occasion, occasion


@occasion("resubscribe", Resubscription, title="somebody subscribes again", is_thanks=True)
def resubscribe(resubscription: Resubscription) -> Occasion:
    """Return the occasion of a renewal. The units of its two numbers are not documented, so it fills in neither."""
    return Occasion(resubscription.username)
