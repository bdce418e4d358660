"""A spin of Joystick's own wheel."""

from __future__ import annotations

from joystick.protocol.events import WheelSpin
from joystick.reactions.kinds import Occasion, occasion


@occasion(
    "wheel",
    WheelSpin,
    title="somebody wins a prize of Joystick's wheel",
    words={"prize": "something", "tokens": 50},
    amount="tokens",
    subject="prize",
    is_thanks=True,
)
def wheel(spin: WheelSpin) -> Occasion:
    """Return the occasion of a spin."""
    return Occasion(spin.username, spin.prize, {"tokens": spin.tokens, "prize": spin.prize})
