"""Time that somebody adds to a subathon."""

from __future__ import annotations

from joystick.protocol.events import SubathonExtended
from joystick.reactions.kinds import Occasion, occasion


@occasion(
    "subathon_extended",
    SubathonExtended,
    title="somebody makes the subathon longer",
    words={"seconds": 60},
    amount="seconds",
)
def subathon_extended(event: SubathonExtended) -> Occasion | None:
    """Return the occasion of added time; None where it is only banked."""
    if event.is_banked:
        return None
    return Occasion(event.username, words={"seconds": "some" if event.seconds is None else event.seconds})
