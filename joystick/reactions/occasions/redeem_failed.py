"""A redeem that did not happen, and was given back."""

from __future__ import annotations

from joystick.reactions.causes import RedeemFailed
from joystick.reactions.kinds import Occasion, occasion


# Who buys in vain again and again is not comforted each time.
@occasion(
    "redeem_failed",
    RedeemFailed,
    title="somebody's redeem fails and is given back",
    words={"redeem": "Speak a line", "reason": "the voice did not work"},
    subject="redeem",
    viewer_cooldown=30,
)
def redeem_failed(failed: RedeemFailed) -> Occasion:
    """Return the occasion of a redeem that did not happen; what staff skipped or cancelled is none."""
    return Occasion(failed.username, failed.redeem, {"redeem": failed.redeem, "reason": failed.reason})
