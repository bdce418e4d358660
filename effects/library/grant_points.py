"""Give points to the queue item's viewer."""

from __future__ import annotations

from pydantic import Field

from economy.ledger import points as ledger
from effects.models import QueueItem
from effects.registry import INSTANT, Payload, effect
from pixelbot_site.kit.errors import Failed


class GrantPoints(Payload):
    """How many points."""

    points: int = Field(ge=1, le=10**12)


@effect("grant_points", lane=INSTANT, repeatable=False, payload=GrantPoints)
def grant_points(item: QueueItem, payload: GrantPoints) -> None:
    """Give them, once for each queue item, whatever happens to it."""
    if item.viewer is None:
        raise Failed("nobody is there to get the points")
    reference = f"effect:{item.pk:012d}"
    ledger.grant(item.viewer, payload.points, source="effect", reference=reference, reason=item.title)
