"""The end of a subathon."""

from __future__ import annotations

from joystick.protocol.events import SubathonEnded
from joystick.reactions.kinds import Occasion, occasion


@occasion("subathon_ended", SubathonEnded, title="the subathon ends", has_viewer=False)
def subathon_ended(event: SubathonEnded) -> Occasion:
    """Return the occasion of an end."""
    return Occasion(event.username)
