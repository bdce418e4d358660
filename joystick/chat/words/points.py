"""{points}: how many points the viewer has."""

from __future__ import annotations

from economy.ledger.currencies import POINTS_LEDGER
from economy.viewers import people
from pixelbot_site.kit import phrases
from pixelbot_site.kit.words import Value, Values, word

NONE = phrases.answer("word.no_points", "no {points.name}")


@word("points", does="how many points the viewer has", missing=NONE, needs="user")
def points(values: Values, argument: str) -> Value:
    """Return the balance of {user}; None for somebody who was never seen."""
    viewer = people.find(str(values["user"]))
    return None if viewer is None else POINTS_LEDGER.amount_of(viewer.pk)
