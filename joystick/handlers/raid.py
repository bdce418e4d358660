"""What another streamer's raid does."""

from __future__ import annotations

from economy.earning.pay import Award
from joystick.protocol.events import DroppedIn
from joystick.registry import Outcome, on
from joystick.settings_table import Rules


@on(DroppedIn)
def on_raid(raid: DroppedIn, rules: Rules) -> Outcome:
    """Award the other streamer."""
    award = Award(
        raid.username,
        source="raid",
        event=raid.uid,
        at=raid.occurred_at,
        points=rules.points_per_raid,
        xp=rules.xp_per_raid,
    )
    return Outcome(awards=(award,))
