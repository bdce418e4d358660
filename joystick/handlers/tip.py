"""What a tip does. A goal that it moves comes as another event, whose tokens are not counted again."""

from __future__ import annotations

from economy.earning.pay import Award
from joystick.protocol.events import Tip
from joystick.registry import Outcome, on
from joystick.settings_table import Rules


@on(Tip)
def on_tip(tip: Tip, rules: Rules) -> Outcome:
    """Award points and XP per token, rounded down."""
    award = Award(
        tip.username,
        source="tip",
        event=tip.uid,
        at=tip.occurred_at,
        points=rules.worth(tip.tokens, rules.points_per_tip_token),
        xp=rules.worth(tip.tokens, rules.xp_per_tip_token),
    )
    return Outcome(awards=(award,))
