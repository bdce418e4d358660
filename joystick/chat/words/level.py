"""{level}: the viewer's level."""

from __future__ import annotations

from economy.models import XP
from economy.viewers import people
from pixelbot_site.kit.words import Value, Values, word


@word("level", does="the viewer's level", missing=lambda: 1, needs="user")
def level(values: Values, argument: str) -> Value:
    """Return the level of {user}; None for somebody who was never seen."""
    viewer = people.find(str(values["user"]))
    return None if viewer is None else XP.objects.filter(viewer=viewer).values_list("level", flat=True).first()
