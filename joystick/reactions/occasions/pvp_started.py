"""A session against another channel that starts."""

from __future__ import annotations

from joystick.protocol.events import PvpSession
from joystick.reactions.kinds import Occasion, occasion


@occasion("pvp_started", PvpSession, only="pvp_session_started", title="a PvP session starts", has_viewer=False)
def pvp_started(event: PvpSession) -> Occasion:
    """Return the occasion of a start."""
    return Occasion(event.username)
