"""What a new follower does."""

from __future__ import annotations

from economy.earning.pay import Award, Once
from joystick.models import Trigger
from joystick.protocol.events import Follow
from joystick.reactions import Occasion
from joystick.registry import Outcome, on
from joystick.settings_table import Rules

# Seconds until a viewer who follows again is thanked again.
THANK_AGAIN_AFTER = 86_400.0


@on(Follow)
def on_follow(follow: Follow, rules: Rules) -> Outcome:
    """Award once per viewer, and thank once a day: following again after unfollowing earns nothing."""
    award = Award(
        follow.username,
        source="follow",
        event=follow.uid,
        at=follow.occurred_at,
        once=Once.EVER,
        points=rules.points_per_follow,
        xp=rules.xp_per_follow,
    )
    occasion = Occasion(Trigger.FOLLOW, follow.username, at_most_every=THANK_AGAIN_AFTER)
    return Outcome(awards=(award,), occasions=(occasion,), flags=((follow.username, {"is_follower": True}),))
