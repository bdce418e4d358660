"""What a new, a renewed and a gifted subscription do."""

from __future__ import annotations

from economy.earning.pay import Award
from joystick.protocol.events import GiftedSubscriptions, Resubscription, Subscription
from joystick.registry import Outcome, on
from joystick.settings_table import Rules

SUBSCRIBER = {"is_subscriber": True}


@on(Subscription)
def on_sub(subscription: Subscription, rules: Rules) -> Outcome:
    """Award each month of the subscription, but not to a viewer who is paid for gifting it."""
    award = Award(
        subscription.username,
        source="sub",
        event=subscription.uid,
        at=subscription.occurred_at,
        points=rules.points_per_sub * subscription.months,
        xp=rules.xp_per_sub * subscription.months,
        is_held=True,
    )
    return Outcome(awards=(award,), flags=((subscription.username, SUBSCRIBER),))


@on(Resubscription)
def on_resub(resubscription: Resubscription, rules: Rules) -> Outcome:
    """Award a renewal. The platform's two numbers are not used: what they count is not documented."""
    award = Award(
        resubscription.username,
        source="resub",
        event=resubscription.uid,
        at=resubscription.occurred_at,
        points=rules.points_per_resub,
        xp=rules.xp_per_resub,
    )
    return Outcome(awards=(award,), flags=((resubscription.username, SUBSCRIBER),))


@on(GiftedSubscriptions)
def on_gift(gift: GiftedSubscriptions, rules: Rules) -> Outcome:
    """Award the giver for each subscription. The event does not name those who got one, and whether each of them also
    comes as a `subscribed` is not documented: the giver is paid once, whichever comes first.
    """
    award = Award(
        gift.username,
        source="gift",
        event=gift.uid,
        at=gift.occurred_at,
        points=rules.points_per_gifted_sub * gift.count,
        xp=rules.xp_per_gifted_sub * gift.count,
        holds="sub",
    )
    return Outcome(awards=(award,))
