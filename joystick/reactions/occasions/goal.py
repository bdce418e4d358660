"""A tip goal that is met."""

from __future__ import annotations

from joystick.protocol.events import TipGoal
from joystick.reactions.kinds import Occasion, occasion, titled


@occasion(
    "goal",
    TipGoal,
    only="tip_goal_met",
    title="a tip goal is met",
    words={"title": "new camera", "tokens": 500},
    amount="tokens",
    subject="goal",
)
def goal(event: TipGoal) -> Occasion:
    """Return the occasion of a goal that is met."""
    return titled(event, event.tokens)
