"""A tip goal that is met."""

from __future__ import annotations

from joystick.protocol.events import TipGoal
from joystick.reactions.kinds import Occasion, occasion


@occasion(
    "goal",
    TipGoal,
    title="a tip goal is met",
    words={"title": "new camera", "tokens": 500},
    amount="tokens",
    subject="goal",
)
def goal(event: TipGoal) -> Occasion | None:
    """Return the occasion of a goal that is met; None for one that is made, changed or deleted."""
    if event.kind != "tip_goal_met":
        return None
    tokens = "some" if event.tokens is None else event.tokens
    return Occasion(event.username, event.title, {"title": event.title, "tokens": tokens})
