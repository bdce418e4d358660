"""Lines in the corner, in Joystick's words: tips, followers, subscriptions and raids, for some seconds each.

What a reaction of the streamer's shows as an alert is left out. A new overlay has no such widget.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget

KINDS = (
    "tipped", "wheel_spin_claimed", "followed", "subscribed", "resubscribed", "gifted_subscriptions",
    "stream_dropped_in",
)  # fmt: skip


class Lines(Options):
    """How many lines are there at once, and for how long each is."""

    lines: int = Field(3, ge=1, le=10)
    seconds: float = Field(6, ge=2, le=60)


@widget(
    "events",
    title="Events in the corner",
    box=Box(66, 3, 32, 34),
    vertical=Box(43, 25, 54, 17),
    options=Lines,
    order=5,
    events=KINDS,
)
def events(options: Lines, screen: OnScreen) -> dict[str, Any]:
    """Return how many lines, and for how long each."""
    return {"lines": options.lines, "seconds": options.seconds}
