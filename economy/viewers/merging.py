"""Two rows that are one person, as after a rename: everything moves to one of them, and can move back."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction
from django.utils import timezone

from economy.ledger import points, xp
from economy.ledger.points import MOST
from economy.models import USERNAME_MAX, XP, Kind, Merge, Points, Presence, Viewer, viewer_key
from economy.models.append_only import AppendOnly
from economy.viewers import people as viewers
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.transactions import again_after_deadlock

STAYS = (Points, XP, Presence, Merge, Viewer)
"""What refers to a viewer and is moved by value, or not at all. Ledger rows stay where they were written; of what a
viewer has one of at most, each keeps their own."""


TOLD = (*viewers.FLAGS, "excluded")
OWN = "own"
"""Where `Merge.moved` keeps what the target itself was before."""

viewer_renamed = Hook[[str, str], None](
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
        viewer_renamed.call(old, name)
    return None


@again_after_deadlock
def merge(source: Viewer, target: Viewer, *, by: str = "") -> Merge:
    """Move everything that `source` has to `target`. Rows of both ledgers say so. Refused for one and the same."""
    if source.pk == target.pk:
        raise Refused(f"{source.username} can't be merged with themselves")
    with transaction.atomic():
        people = _hold_people(source, target)
        for one in people:
            if one.merged_into_id is not None:
                raise Refused(f"{one.username} is merged into {one.merged_into} already")
        source = next(one for one in people if one.pk == source.pk)
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
        _move_points(source, target, row.points, f"merge:{row.pk}")
        _move_xp(row, source, target, row.xp, f"merge:{row.pk}")
        highest = max(one.rewarded_level for one in experience.values())
        XP.objects.filter(pk=target.pk).update(rewarded_level=highest)
        target = next(one for one in people if one.pk == target.pk)
        own = {name: getattr(target, name) for name in TOLD}
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
        _hold_people(row.source, row.target)
        own = row.moved.get(OWN)
        for label, ids in row.moved.items():
            if label == OWN:
                continue
            model, _, field = label.rpartition(".")
            _rows(model).filter(pk__in=ids).update(**{field: row.source})
        _hold_balances(row.source, row.target)
        _move_points(row.target, row.source, row.points, f"unmerge:{row.pk}")
        _move_xp(row, row.target, row.source, row.xp, f"unmerge:{row.pk}")
        Viewer.objects.filter(pk=row.source_id).update(merged_into=None)
        if own is not None:  # merges of earlier versions did not write it down
            XP.objects.filter(pk=row.target_id).update(rewarded_level=own["rewarded_level"])
            Viewer.objects.filter(pk=row.target_id).update(**{name: own[name] for name in TOLD})


def _hold_people(*both: Viewer) -> list[Viewer]:
    """Lock them in the order in which events do: viewers by key, then whatever else, then XP, then points. Nobody waits
    for ever then.
    """
    ids = [viewer.pk for viewer in both]
    return list(Viewer.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("key"))


def _hold_balances(*both: Viewer) -> None:
    ids = [viewer.pk for viewer in both]
    list(XP.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    list(Points.objects.select_for_update().filter(pk__in=ids).order_by("pk"))


def _move_points(giver: Viewer, taker: Viewer, amount: int, reference: str) -> None:
    if not amount:
        return
    if Points.objects.values_list("balance", flat=True).get(pk=taker.pk) > MOST - amount:
        raise Refused(f"nobody can have more than {MOST} points")
    points.transfer(giver, taker, amount, source="merge", reference=reference, kind=Kind.MERGE)


def _move_xp(row: Merge, giver: Viewer, taker: Viewer, amount: int, reference: str) -> None:
    if not amount:
        return
    if XP.objects.values_list("total", flat=True).get(pk=giver.pk) < amount:
        raise Refused(f"{giver.username} has less XP than the {amount} that came with the merge")
    if XP.objects.values_list("total", flat=True).get(pk=taker.pk) > MOST - amount:
        raise Refused(f"nobody can have more than {MOST} XP")
    xp.adjust(giver, -amount, source="merge", reference=f"{reference}:out", by=row.by)
    xp.adjust(taker, amount, source="merge", reference=f"{reference}:in", by=row.by)


def _move_rows(source: Viewer, target: Viewer) -> dict[str, list[Any]]:
    """Whatever else refers to the viewer, in whichever app; returns the ids by `app.Model.field`."""
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
    from django.apps import apps

    rows: models.QuerySet[Any] = apps.get_model(label)._default_manager.all()
    return rows


def _tell_target(source: Viewer, target: Viewer) -> None:
    """What was known of either is known of the one that stays."""
    target.first_seen_at = min(source.first_seen_at, target.first_seen_at)
    target.last_seen_at = max(source.last_seen_at, target.last_seen_at)
    for name in viewers.FLAGS:
        setattr(target, name, getattr(source, name) or getattr(target, name))
    if target.excluded is None:
        target.excluded = source.excluded
    target.save(update_fields=["first_seen_at", "last_seen_at", *TOLD])
