"""{goal.left}: how many tokens the tip goal still needs."""

from __future__ import annotations

from effects.overlays.widgets.goal import of_joystick
from pixelbot_site.kit import phrases
from pixelbot_site.kit.words import Value, Values, word

NO_GOAL = phrases.answer("word.no_goal", "no tokens")


@word("goal.left", does="how many tokens the tip goal still needs", missing=NO_GOAL)
def goal_left(values: Values, argument: str) -> Value:
    """Return what is left of Joystick's tip goal; None where there is none."""
    _, now, target = of_joystick()
    return max(target - now, 0) if target else None
