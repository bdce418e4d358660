"""A session against another channel that starts."""

from __future__ import annotations

from joystick.protocol.events import PvpSession
from joystick.reactions.kinds import Occasion, occasion


@occasion("pvp_started", PvpSession, title="a PvP session starts", has_viewer=False)
def pvp_started(event: PvpSession) -> Occasion | None:
    """Return the occasion; None for the session's other states."""
    if event.kind != "pvp_session_started":
        return None
    return Occasion(event.username)
