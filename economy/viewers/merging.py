"""Merges two rows of one person, as after a rename: everything moves to one of them, and can move back."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from economy.ledger import xp
from economy.ledger.currencies import POINTS_LEDGER, XP_LEDGER, Ledger
from economy.models import FLAGS, USERNAME_MAX, XP, Merge, Points, Presence, Viewer, viewer_key
from economy.models.append_only import AppendOnly
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.transactions import again_after_deadlock

# What refers to a viewer and is moved by value, or not at all. Ledger rows stay where they were written; of what a
# viewer has one of at most, each keeps their own.
STAYS = (Points, XP, Presence, Merge, Viewer)
# What is known of a viewer, and is known of the target too after a merge.
KNOWN = (*FLAGS, "excluded")
# Where `Merge.moved` keeps what the target itself was before.
OWN = "own"

viewer_renamed = Hook[[Viewer, str], None](
    "viewer_renamed",
    __name__,
    "Rename what is kept under a viewer's old key to the new name, so that it is found when they want to be forgotten.",
)


def rename(viewer: Viewer, username: str, *, by: str = "") -> Merge | None:
    """The viewer is called `username` now. Where somebody of that name was seen already, they are merged.

    Refused, with a sentence, where the name is no name.
    """
    name = username.strip().removeprefix("@")
    if not name or len(name) > USERNAME_MAX:
        raise Refused(f"a name has 1 to {USERNAME_MAX} characters")
    with transaction.atomic():
        old = viewer.key
        other = Viewer.objects.filter(key=viewer_key(name)).first()
        if other is not None and other.merged_into_id is not None:
            raise Refused(f"{other.username} is merged into {other.merged_into}; undo that first")
        if other is not None and other.pk != viewer.pk:
            return merge(viewer, other, by=by)
        viewer.key, viewer.username = viewer_key(name), name
        viewer.save(update_fields=["key", "username"])
        viewer_renamed.call(viewer, old)
    return None


@again_after_deadlock
def merge(source: Viewer, target: Viewer, *, by: str = "") -> Merge:
    """Move everything that `source` has to `target`. Rows of both ledgers say so. Refused for one and the same."""
    if source.pk == target.pk:
        raise Refused(f"{source.username} can't be merged with themselves")
    with transaction.atomic():
        held = _hold_viewers(source, target)
        for viewer in held.values():
            if viewer.merged_into_id is not None:
                raise Refused(f"{viewer.username} is merged into {viewer.merged_into} already")
        source = held[source.pk]
        moved = _move_rows(source, target)
        _hold_balances(source, target)
        experience = {row.pk: row for row in XP.objects.filter(pk__in=(source.pk, target.pk))}
        row = Merge.objects.create(
            source=source,
            target=target,
            points=Points.objects.get(pk=source.pk).balance,
            xp=experience[source.pk].total,
            moved=moved,
            by=by,
        )
        _move(POINTS_LEDGER, row.points, source, target, reference=f"merge:{row.pk}", by=row.by)
        _move(XP_LEDGER, row.xp, source, target, reference=f"merge:{row.pk}", by=row.by)
        xp.set_rewarded_level(target.pk, max(standing.rewarded_level for standing in experience.values()))
        target = held[target.pk]
        own = {name: getattr(target, name) for name in KNOWN}
        row.moved[OWN] = {**own, "rewarded_level": experience[target.pk].rewarded_level}
        row.save(update_fields=["moved"])
        _tell_target(source, target)
        Presence.objects.filter(pk=source.pk).delete()
        source.merged_into = target
        source.save(update_fields=["merged_into"])
    return row


@again_after_deadlock
def undo(row: Merge, *, by: str = "") -> None:
    """Move back what a merge moved, once. Refused where the points that came with it have been spent meanwhile."""
    with transaction.atomic():
        if not Merge.objects.filter(pk=row.pk, undone_at=None).update(undone_at=timezone.now()):
            raise Refused("this merge was undone already")
        _hold_viewers(row.source, row.target)
        own = row.moved.get(OWN)
        for label, ids in row.moved.items():
            if label == OWN:
                continue
            model, _, field = label.rpartition(".")
            _rows(model).filter(pk__in=ids).update(**{field: row.source})
        _hold_balances(row.source, row.target)
        _move(POINTS_LEDGER, row.points, row.target, row.source, reference=f"unmerge:{row.pk}", by=row.by)
        _move(XP_LEDGER, row.xp, row.target, row.source, reference=f"unmerge:{row.pk}", by=row.by)
        Viewer.objects.filter(pk=row.source_id).update(merged_into=None)
        if own is not None:  # merges of earlier versions did not write it down
            xp.set_rewarded_level(row.target_id, own["rewarded_level"])
            Viewer.objects.filter(pk=row.target_id).update(**{name: own[name] for name in KNOWN})


def _hold_viewers(*both: Viewer) -> dict[int, Viewer]:
    """Lock them in the order in which events do: viewers by key, then whatever else, then XP, then points. Nobody waits
    for ever then.
    """
    ids = [viewer.pk for viewer in both]
    locked = Viewer.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("key")
    return {viewer.pk: viewer for viewer in locked}


def _hold_balances(*both: Viewer) -> None:
    ids = [viewer.pk for viewer in both]
    XP_LEDGER.held(ids)
    POINTS_LEDGER.held(ids)


def _move(ledger: Ledger, amount: int, giver: Viewer, taker: Viewer, *, reference: str, by: str) -> None:
    if amount:
        ledger.move(giver, taker, amount, reference=reference, by=by)


def _move_rows(source: Viewer, target: Viewer) -> dict[str, list[Any]]:
    moved = {}
    for relation in Viewer._meta.related_objects:
        model, field = relation.related_model, relation.field.name
        if model in STAYS or issubclass(model, AppendOnly) or relation.field.unique:
            continue
        rows = model._default_manager.filter(**{field: source})
        ids = list(rows.values_list("pk", flat=True))
        if ids:
            rows.update(**{field: target})
            moved[f"{model._meta.label}.{field}"] = ids
    return moved


def _rows(label: str) -> models.QuerySet[Any]:
    rows: models.QuerySet[Any] = apps.get_model(label)._default_manager.all()
    return rows


def _tell_target(source: Viewer, target: Viewer) -> None:
    target.first_seen_at = min(source.first_seen_at, target.first_seen_at)
    target.last_seen_at = max(source.last_seen_at, target.last_seen_at)
    for name in FLAGS:
        setattr(target, name, getattr(source, name) or getattr(target, name))
    if target.excluded is None:
        target.excluded = source.excluded
    target.save(update_fields=["first_seen_at", "last_seen_at", *KNOWN])
