"""Somebody subscribed, again, or gave subscriptions away."""

from __future__ import annotations

from economy.ledger import Award
from joystick.events import GiftedSubscriptions, Resubscription, Subscription
from joystick.models import Trigger
from joystick.reactions import Cue
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
    words = {"months": subscription.months}
    return Outcome(awards=(award,), cues=(Cue(Trigger.SUBSCRIBE, subscription.username, words=words),))


@on(Resubscription)
def on_resub(resubscription: Resubscription, rules: Rules) -> Outcome:
    """Paid once each time: what the platform's two numbers count is not documented."""
    award = Award(
        resubscription.username,
        source="resub",
        reference=f"resub:{resubscription.uid}",
        points=rules.points_per_resub,
        xp=rules.xp_per_resub,
    )
    return Outcome(awards=(award,), cues=(Cue(Trigger.RESUBSCRIBE, resubscription.username),))


@on(GiftedSubscriptions)
def on_gift(gift: GiftedSubscriptions, rules: Rules) -> Outcome:
    """The giver is paid for each one. Who got them is not told."""
    award = Award(
        gift.username,
        source="gift",
        reference=f"gift:{gift.uid}",
        points=rules.points_per_gifted_sub * gift.count,
        xp=rules.xp_per_gifted_sub * gift.count,
    )
    return Outcome(awards=(award,), cues=(Cue(Trigger.GIFT, gift.username, words={"count": gift.count}),))
