"""Viewers whom an import brought, taken back: points and XP by the ledgers, items, and when they were first seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, ProtectedError, Sum

from economy.ledger import accounts, imported, xp
from economy.models import ItemGrant, Transaction, Viewer, XPTransaction
from pixelbot_site.kit.transactions import take_turn
from pixelbot_site.models import ImportedChange


def undo(change: ImportedChange, by: str) -> tuple[bool, str]:
    """Take a piece back as far as it is still there. Return whether all of it, and what was left and why.

    Of a viewer who has spent part of what was brought, or was merged, nothing is taken back: `kept_by` names them.
    Call it inside a transaction.
    """
    take_turn()
    after = change.after
    present = {viewer.pk: viewer for viewer in Viewer.objects.filter(pk__in=after["viewers"])}
    merged = sorted(pk for pk, viewer in present.items() if viewer.merged_into_id is not None)
    ids = sorted(present.keys() - set(merged))
    accounts.lock(*ids)
    last, newest = after["rows"]
    spent = sorted(imported.take_back(ids, event=change.of.event, after=last, until=newest, by=by))
    due = present.keys() - {*spent, *merged}
    xp.put_back_rewarded_levels({int(pk): levels for pk, levels in after["rewarded"].items() if int(pk) in due})
    used = _take_items(after["items"])
    for pk, (before, moved) in after["first_seen"].items():
        # The earliest moment stays where somebody else found an earlier one.
        Viewer.objects.filter(pk=int(pk), first_seen_at=datetime.fromisoformat(moved)).update(
            first_seen_at=datetime.fromisoformat(before)
        )
    listed = _delete_bare({int(pk): seen for pk, seen in after["made"].items() if int(pk) in due})
    change.after = {**after, "kept": {"spent": spent, "merged": merged}}
    told = (
        (len(spent), "keep all of it, since they have less left than it brought."),
        (len(merged), "keep all of it, since they were merged into others."),
        (used, "of their items stay, since they have fewer left."),
        (listed, "stay in the list of viewers, since rows of the ledgers are never deleted."),
    )
    return not (spent or merged or used), " ".join(f"{count} {sentence}" for count, sentence in told if count)


def kept_by(change: ImportedChange) -> list[str]:
    """Return the names of those of whom nothing was taken back."""
    kept = change.after.get("kept", {})
    ids = [*kept.get("spent", ()), *kept.get("merged", ())]
    return list(Viewer.objects.filter(pk__in=ids).values_list("username", flat=True))


def _take_items(references: Sequence[str]) -> int:
    """Delete what was given, where its owner still has as much; return how many were left."""
    grants = list(ItemGrant.objects.filter(reference__in=references).order_by("pk"))
    held: Counter[tuple[int, int]] = Counter()
    owners = {grant.viewer_id for grant in grants}
    sums = ItemGrant.objects.filter(viewer_id__in=owners).order_by().values_list("viewer_id", "item_id")
    for viewer_id, item_id, total in sums.annotate(total=Sum("quantity")):
        held[viewer_id, item_id] = total
    due = []
    for grant in grants:
        if held[grant.viewer_id, grant.item_id] >= grant.quantity:
            held[grant.viewer_id, grant.item_id] -= grant.quantity
            due.append(grant.pk)
    ItemGrant.objects.filter(pk__in=due).delete()
    return len(grants) - len(due)


def _delete_bare(made: Mapping[int, str]) -> int:
    """Delete those of the viewers whom the import made who have no row of anything, and were not seen since.

    Return how many were left.
    """
    of_points, of_xp, of_items = (
        Exists(rows._default_manager.filter(viewer=OuterRef("pk"))) for rows in (Transaction, XPTransaction, ItemGrant)
    )
    owners = set(Viewer.objects.filter(of_points | of_xp | of_items, pk__in=made).values_list("pk", flat=True))
    left = len(owners)
    for pk in made.keys() - owners:
        bare = Viewer.objects.filter(pk=pk, last_seen_at=datetime.fromisoformat(made[pk]), notes="", tags="")
        try:
            with transaction.atomic():
                left += not bare.delete()[0]
        except (ProtectedError, IntegrityError):  # something refers to them by now
            left += 1
    return left
