"""Give points to the queue item's viewer."""

from __future__ import annotations

from pydantic import Field

from economy.ledger import points
from economy.settings_table import PointsSettings
from economy.viewers import people
from effects.models import QueueItem
from effects.registry import INSTANT, Card, Group, Payload, effect
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed

NOBODY = phrases.refusal("grant_points.nobody", "nobody is there to get the {points.name}")


class GrantPoints(Payload):
    """The number of points."""

    points: int = Field(ge=1, le=10**12, description="How many points the viewer gets.")


def _untested(payload: GrantPoints) -> str:
    return f"give {PointsSettings.current().amount(payload.points)}"


@effect(
    "grant_points",
    lane=INSTANT,
    repeatable=False,
    payload=GrantPoints,
    card=Card(Group.REWARD, "Give points", "Gives points to the viewer."),
    gives=True,
    untested=_untested,
)
def grant_points(item: QueueItem, payload: GrantPoints) -> None:
    """Grant them, once per queue item; what nobody bought or won, only to those who are not excluded. Raise Failed if
    it has no viewer.
    """
    if item.viewer is None:
        raise Failed(NOBODY())
    if item.is_earned and people.is_excluded(item.viewer, PointsSettings.current()):
        return
    # Unique in the ledger: repeating the item after a crash grants nothing more.
    reference = f"effect:{item.pk:012d}"
    points.grant(item.viewer, payload.points, source="effect", reference=reference, reason=item.title)
