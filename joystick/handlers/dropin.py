"""Somebody drops in: comes into the stream."""

from __future__ import annotations

from economy.ledger import Award
from economy.models import viewer_key
from joystick.events import Entered
from joystick.registry import NOTHING, Outcome, on
from pixelbot_site.kit.rules import Rules


@on(Entered)
def on_dropin(entered: Entered, rules: Rules) -> Outcome:
    """Paid at most once in so many seconds, however often the door swings. We ourselves are no viewer."""
    if viewer_key(entered.username) == viewer_key(rules.bot_username):
        return NOTHING
    award = Award(
        entered.username,
        source="dropin",
        reference=f"dropin:{entered.uid}",
        points=rules.points_per_dropin,
        xp=rules.xp_per_dropin,
        points_cooldown=rules.dropin_cooldown_seconds,
        xp_cooldown=rules.dropin_cooldown_seconds,
    )
    return Outcome(awards=(award,), here=(entered.username,))
