"""The start of a subathon."""

from __future__ import annotations

from joystick.protocol.events import SubathonStarted
from joystick.reactions.kinds import Occasion, occasion


@occasion("subathon_started", SubathonStarted, title="a subathon begins", has_viewer=False)
def subathon_started(event: SubathonStarted) -> Occasion:
    """Return the occasion of a start."""
    return Occasion(event.username)
