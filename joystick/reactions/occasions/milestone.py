"""A smaller goal on the way to the tip goal."""

from __future__ import annotations

from joystick.protocol.events import MilestoneCompleted
from joystick.reactions.kinds import Occasion, occasion, titled


@occasion(
    "milestone",
    MilestoneCompleted,
    title="a milestone of the tip goal is reached",
    words={"title": "halfway", "tokens": 250},
    amount="tokens",
    subject="milestone",
)
def milestone(event: MilestoneCompleted) -> Occasion:
    """Return the occasion of a milestone."""
    return titled(event, event.tokens)
