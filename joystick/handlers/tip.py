"""Somebody tipped. Only `tipped` counts tokens: what a tip does to a goal comes as an event of its own."""

from __future__ import annotations

from economy.earning.pay import Award
from joystick.models import Trigger
from joystick.protocol.events import Tip
from joystick.reactions import Occasion
from joystick.registry import Outcome, on
from joystick.settings_table import Rules


@on(Tip)
def on_tip(tip: Tip, rules: Rules) -> Outcome:
    """So many points and XP for each token, rounded down; the streamer's reactions to its size and to the menu item."""
    award = Award(
        tip.username,
        source="tip",
        event=tip.uid,
        at=tip.occurred_at,
        points=rules.worth(tip.tokens, rules.points_per_tip_token),
        xp=rules.worth(tip.tokens, rules.xp_per_tip_token),
    )
    words: dict[str, str | int] = {"tokens": tip.tokens, "item": tip.item}
    occasions = [Occasion(tier(tip.tokens, rules), tip.username, words=words)]
    if tip.item:
        occasions.append(Occasion(Trigger.TIP_ITEM, tip.username, subject=tip.item, words=words))
    return Outcome(awards=(award,), occasions=tuple(occasions))


def tier(tokens: int, rules: Rules) -> Trigger:
    """How large a tip is, by the settings."""
    tiers = (
        (rules.tip_low_max, Trigger.TIP_LOW),
        (rules.tip_medium_max, Trigger.TIP_MEDIUM),
        (rules.tip_high_max, Trigger.TIP_HIGH),
        (rules.tip_extreme_max, Trigger.TIP_EXTREME),
    )
    return next((trigger for most, trigger in tiers if tokens <= most), Trigger.TIP_BEYOND)
