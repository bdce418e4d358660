"""What a new follower does."""

from __future__ import annotations

from economy.earning.pay import Award, Once
from joystick.protocol.events import Follow
from joystick.registry import Outcome, on
from joystick.settings_table import Rules


@on(Follow)
def on_follow(follow: Follow, rules: Rules) -> Outcome:
    """Award once per viewer: following again after unfollowing earns nothing."""
    award = Award(
        follow.username,
        source="follow",
        event=follow.uid,
        at=follow.occurred_at,
        once=Once.EVER,
        points=rules.points_per_follow,
        xp=rules.xp_per_follow,
    )
    return Outcome(awards=(award,), flags=((follow.username, {"is_follower": True}),))
