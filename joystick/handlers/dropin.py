"""What a viewer's coming into the stream does."""

from __future__ import annotations

from economy.earning.pay import Award, Once
from economy.models import viewer_key
from joystick.protocol.events import Entered
from joystick.registry import NOTHING, Outcome, on
from joystick.settings_table import Rules


@on(Entered)
def on_dropin(entered: Entered, rules: Rules) -> Outcome:
    """Award points and XP, once per cooldown or once per stream. The bot itself is ignored."""
    if viewer_key(entered.username) == viewer_key(rules.bot_username):
        return NOTHING
    award = Award(
        entered.username,
        source="dropin",
        event=entered.uid,
        at=entered.occurred_at,
        points=rules.points_per_dropin,
        xp=rules.xp_per_dropin,
        points_cooldown=rules.dropin_cooldown_seconds,
        xp_cooldown=rules.dropin_cooldown_seconds,
        once=Once.STREAM if rules.dropin_once_per_stream else Once.EVENT,
    )
    return Outcome(awards=(award,), present=(entered.username,))
