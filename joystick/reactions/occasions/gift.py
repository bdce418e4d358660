"""Subscriptions that somebody gives away."""

from __future__ import annotations

from joystick.protocol.events import GiftedSubscriptions
from joystick.reactions.kinds import Occasion, occasion


@occasion(
    "gift",
    GiftedSubscriptions,
    title="somebody gives subscriptions away",
    words={"count": 5},
    amount="count",
    unit="subscriptions",
    is_thanks=True,
)
def gift(gift: GiftedSubscriptions) -> Occasion:
    """Return the occasion of a gift, whose viewer is the giver."""
    return Occasion(gift.username, words={"count": gift.count})
