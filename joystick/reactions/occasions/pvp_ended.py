"""A session against another channel that ends."""

from __future__ import annotations

from joystick.protocol.events import PvpSession
from joystick.reactions.kinds import Occasion, occasion


@occasion("pvp_ended", PvpSession, only="pvp_session_ended", title="a PvP session ends", has_viewer=False)
def pvp_ended(event: PvpSession) -> Occasion:
    """Return the occasion of an end."""
    return Occasion(event.username)
