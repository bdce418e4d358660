"""An overlay that is not open any more."""

from __future__ import annotations

from joystick.reactions.causes import OverlayGone
from joystick.reactions.kinds import Occasion, occasion


@occasion(
    "overlay_gone",
    OverlayGone,
    title="no overlay with sound is open while live",
    words={"seconds": 15},
    amount="seconds",
    has_viewer=False,
    once="until one is open again",
    without_overlay=True,
)
def overlay_gone(gone: OverlayGone) -> Occasion:
    """Return the occasion, of which each row runs once until an overlay is open again."""
    return Occasion(words={"seconds": gone.seconds}, once=f"overlay.{gone.since.isoformat()}")
