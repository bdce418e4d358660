"""A session against another channel that ends."""

from __future__ import annotations

from joystick.protocol.events import PvpSession
from joystick.reactions.kinds import Occasion, occasion


@occasion("pvp_ended", PvpSession, title="a PvP session ends", has_viewer=False)
def pvp_ended(event: PvpSession) -> Occasion | None:
    """Return the occasion; None for the session's other states."""
    if event.kind != "pvp_session_ended":
        return None
    return Occasion(event.username)
