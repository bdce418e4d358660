"""Items of viewers: granted once for each cause, summed when asked."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Sum

from economy.ledger import accounts
from economy.models import Item, ItemGrant, Viewer
from pixelbot_site.kit import bulk, phrases
from pixelbot_site.kit.errors import Failed

NO_SUCH = phrases.refusal("grant_item.no_such", "there is no item called “{name}”")


def give(viewer: Viewer, key: str, quantity: int, *, reference: str) -> bool:
    """Give the item `key` to the viewer, or to whom they were merged into. Return False if this cause gave before.

    Raise Failed if there is no such item.
    """
    item = Item.objects.filter(key=key).first()
    if item is None:
        raise Failed(NO_SUCH(name=key))
    with transaction.atomic():
        owner = accounts.hold_one(viewer)  # a merge moves what was given until then, and waits for us
        _, new = ItemGrant.objects.get_or_create(
            reference=reference, defaults={"viewer": owner, "item": item, "quantity": quantity}
        )
    return new


def give_many(grants: Sequence[ItemGrant]) -> int:
    """Store those of `grants` whose cause gave nothing before, in a few statements; returns how many."""
    known = bulk.among(ItemGrant, "reference", [grant.reference for grant in grants])
    new = [grant for grant in grants if grant.reference not in known]
    ItemGrant.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def held(viewer: Viewer) -> list[tuple[str, int]]:
    """Return (name, amount) of every item that the viewer has, ordered by name."""
    rows = ItemGrant.objects.filter(viewer=viewer).order_by("item__name").values_list("item__name")
    return [(name, total) for name, total in rows.annotate(total=Sum("quantity")) if total > 0]
