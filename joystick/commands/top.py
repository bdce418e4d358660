"""`!top`: who has most."""

from __future__ import annotations

from django.db.models import F

from economy.viewers import people as viewers
from joystick.registry import Call, command

PLACES = 5


@command("top", "leaderboard", help="who has most points, or most XP", usage="!top [xp]", global_cooldown=5)
def top(call: Call) -> str:
    """The first five by points, or by XP."""
    by_xp = call.argument(0).casefold() == "xp"
    people = viewers.ranked().annotate(amount=F("xp__total" if by_xp else "points__balance")).filter(amount__gt=0)
    # By nothing else: then the index answers, and the database need not sort all viewers.
    best = people.order_by("-amount").values_list("username", "amount")[:PLACES]
    if not best:
        return "nobody has any yet."
    places = " · ".join(f"{place}. {name} {amount}" for place, (name, amount) in enumerate(best, start=1))
    return f"most {'XP' if by_xp else 'points'}: {places}"
