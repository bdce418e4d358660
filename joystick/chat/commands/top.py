"""`!top`: who has most."""

from __future__ import annotations

from economy.ledger.currencies import POINTS_LEDGER, XP_LEDGER
from economy.viewers import leaderboard
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

BEST = phrases.answer("top.best", "most {currency}: {places}.")
NOBODY = phrases.answer("top.nobody", "nobody has any {currency} yet.")

# Viewers that one line of chat names.
PLACES = 5


@command("top", "leaderboard", help="who has the most {points.name}, or the most XP", usage="[xp]", global_cooldown=5)
def top(call: Call) -> str:
    """List the first five by points, or by XP."""
    ledger = XP_LEDGER if call.argument(0).casefold() == "xp" else POINTS_LEDGER
    currency = "XP" if ledger is XP_LEDGER else call.rules.several_points
    best = leaderboard.richest(ledger, limit=PLACES)
    if not best:
        return NOBODY(currency=currency)
    places = " · ".join(f"{number}. {place.username} {place.amount}" for number, place in enumerate(best, start=1))
    return BEST(currency=currency, places=places)
