"""A new subscription."""

from __future__ import annotations

from joystick.protocol.events import Subscription
from joystick.reactions.kinds import Occasion, occasion


@occasion("subscribe", Subscription, title="somebody subscribes", words={"months": 3}, amount="months", is_thanks=True)
def subscribe(subscription: Subscription) -> Occasion:
    """Return the occasion of a subscription."""
    return Occasion(subscription.username, words={"months": subscription.months})
