"""Somebody tipped. Only `tipped` counts tokens: what a tip does to a goal comes as an event of its own."""

from __future__ import annotations

from decimal import Decimal

from economy.ledger import Award
from joystick.events import Tip
from joystick.registry import Outcome, on
from pixelbot_site.kit.rules import Rules


@on(Tip)
def on_tip(tip: Tip, rules: Rules) -> Outcome:
    """So many points and XP for each token, rounded down."""
    award = Award(
        tip.username,
        source="tip",
        reference=f"tip:{tip.uid}",
        points=worth(tip.tokens, rules.points_per_tip_token),
        xp=worth(tip.tokens, rules.xp_per_tip_token),
    )
    return Outcome(awards=(award,))


def worth(tokens: int, rate: float) -> int:
    """tokens × rate, rounded down. Decimal, since 100 × 0.29 in floats is 28.999…"""
    return int(tokens * Decimal(repr(rate)))
