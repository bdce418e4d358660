"""What viewers have beside points: given once for each cause, and summed up when asked."""

from __future__ import annotations

from django.db.models import Sum

from economy.models import Item, ItemGrant, Viewer
from pixelbot_site.kit.errors import Failed


def give(viewer: Viewer, key: str, quantity: int, *, reference: str) -> bool:
    """Give so many of the item `key`. False when this cause has given already; Failed where there is no such item."""
    item = Item.objects.filter(key=key).first()
    if item is None:
        raise Failed(f"There is no item called “{key}”.")
    _, new = ItemGrant.objects.get_or_create(
        reference=reference, defaults={"viewer": viewer, "item": item, "quantity": quantity}
    )
    return new


def held(viewer: Viewer) -> list[tuple[str, int]]:
    """(name, how many) of everything that the viewer has, by name."""
    rows = ItemGrant.objects.filter(viewer=viewer).order_by("item__name").values_list("item__name")
    return [(name, total) for name, total in rows.annotate(total=Sum("quantity")) if total > 0]
