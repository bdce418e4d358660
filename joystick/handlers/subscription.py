"""Somebody subscribed."""

from __future__ import annotations

from economy.ledger import Award
from joystick.events import Subscription
from joystick.registry import Outcome, on
from pixelbot_site.kit.rules import Rules


@on(Subscription)
def on_sub(subscription: Subscription, rules: Rules) -> Outcome:
    """Paid for each month that the platform tells of."""
    award = Award(
        subscription.username,
        source="sub",
        reference=f"sub:{subscription.uid}",
        points=rules.points_per_sub * subscription.months,
        xp=rules.xp_per_sub * subscription.months,
    )
    return Outcome(awards=(award,))
