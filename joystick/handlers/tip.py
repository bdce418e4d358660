"""What a tip does. A goal that it moves comes as another event, whose tokens are not counted again."""

from __future__ import annotations

from dataclasses import replace

from economy.earning.pay import Award
from joystick.models import Trigger
from joystick.protocol.events import Tip
from joystick.reactions import Occasion
from joystick.registry import Outcome, on
from joystick.settings_table import Rules


@on(Tip)
def on_tip(tip: Tip, rules: Rules) -> Outcome:
    """Award points and XP per token, rounded down, and run the reaction to its menu item, or else to its size."""
    award = Award(
        tip.username,
        source="tip",
        event=tip.uid,
        at=tip.occurred_at,
        points=rules.worth(tip.tokens, rules.points_per_tip_token),
        xp=rules.worth(tip.tokens, rules.xp_per_tip_token),
    )
    words: dict[str, str | int] = {"tokens": tip.tokens, "item": tip.item}
    size = tier(tip.tokens, rules)
    occasion = Occasion(size, tip.username, words=words)
    if tip.item:  # one reaction: a viewer is thanked once for a tip
        occasion = replace(occasion, trigger=Trigger.TIP_ITEM, subject=tip.item, otherwise=size)
    return Outcome(awards=(award,), occasions=(occasion,))


def tier(tokens: int, rules: Rules) -> Trigger:
    """Return the trigger for a tip of this size, by the TIP_…_MAX settings."""
    tiers = (
        (rules.tip_low_max, Trigger.TIP_LOW),
        (rules.tip_medium_max, Trigger.TIP_MEDIUM),
        (rules.tip_high_max, Trigger.TIP_HIGH),
        (rules.tip_extreme_max, Trigger.TIP_EXTREME),
    )
    for largest, trigger in tiers:
        if tokens <= largest:
            return trigger
    return Trigger.TIP_BEYOND
