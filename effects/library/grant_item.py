"""Give an item of the inventory to the queue item's viewer."""

from __future__ import annotations

from pydantic import Field

from economy.viewers import inventory
from effects.models import QueueItem
from effects.registry import INSTANT, Card, Group, Payload, effect
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed

NOBODY = phrases.refusal("grant_item.nobody", "nobody is there to get it")


class GrantItem(Payload):
    """`item`: the key of an `economy.models.Item`."""

    item: str = Field(
        min_length=1,
        max_length=40,
        json_schema_extra={"from": "item"},
        description="The item's key, as in the list of items.",
    )
    quantity: int = Field(1, ge=1, le=1_000_000, description="How many the viewer gets.")


def _untested(payload: GrantItem) -> str:
    return f"give {payload.quantity} × {payload.item}"


@effect(
    "grant_item",
    lane=INSTANT,
    repeatable=False,
    payload=GrantItem,
    card=Card(Group.REWARD, "Give an item", "Gives the viewer an item of the inventory."),
    gives=True,
    untested=_untested,
)
def grant_item(item: QueueItem, payload: GrantItem) -> None:
    """Give it, once per queue item. Raise Failed if the queue item has no viewer."""
    if item.viewer is None:
        raise Failed(NOBODY())
    # The reference is unique: repeating the queue item after a crash gives nothing more.
    inventory.give(item.viewer, payload.item, payload.quantity, reference=f"effect:{item.pk:012d}")
