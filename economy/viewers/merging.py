"""Merges two rows of one person, as after a rename: everything moves to one of them, and can move back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import Q, Sum
from django.utils import timezone

from economy.ledger import accounts, xp
from economy.ledger.currencies import POINTS_LEDGER, XP_LEDGER, Ledger
from economy.models import (
    FLAGS,
    USERNAME_MAX,
    XP,
    Cooldown,
    ItemGrant,
    Merge,
    Points,
    Presence,
    Viewer,
    heirs,
    viewer_key,
)
from economy.models.append_only import AppendOnly
from economy.viewers import lists, people
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.transactions import again_after_deadlock, take_turn

# What refers to a viewer and is moved by value, or not at all. Ledger rows stay where they were written; of what a
# viewer has one of at most, each keeps their own.
STAYS = (Points, XP, Presence, Merge, Viewer)
# What is known of a viewer, and is known of the target too after a merge.
KNOWN = (*FLAGS, "is_unseen", "excluded")
# What staff wrote of a viewer: after a merge, the target has what was written of either.
WRITTEN = ("notes", "tags")
# Where `Merge.moved` keeps what was known of the target itself before.
OWN = "own"

viewer_renamed = Hook[[Viewer, str], None](
    "viewer_renamed",
    __name__,
    "Rename what is kept under a viewer's old key to the new name, so that it is found when they want to be forgotten.",
)


@again_after_deadlock
def rename(viewer: Viewer, username: str, *, by: str = "") -> Merge | None:
    """The viewer is called `username` now. Where somebody of that name was seen already, they are merged.

    Refused, with a sentence, where the name is no name.
    """
    name = username.strip().removeprefix("@")
    if not name or len(name) > USERNAME_MAX:
        raise Refused(f"a name has 1 to {USERNAME_MAX} characters")
    with transaction.atomic():
        take_turn()
        old = viewer.key
        other = Viewer.objects.filter(key=viewer_key(name)).first()
        if other is not None and other.merged_into_id is not None:
            raise Refused(f"{other.username} is merged into {other.merged_into}; undo that first")
        if other is not None and other.pk != viewer.pk:
            return merge(viewer, other, by=by)
        viewer.key, viewer.username = viewer_key(name), name
        lists.rename(old, viewer.key)
        if viewer.key != old:
            _copy_cooldowns(old, viewer.key)
            Cooldown.of_name(old).delete()
        flags = lists.flags_of([viewer.key]).get(viewer.key, {})  # the platform may have listed the new name already
        for flag in flags:
            setattr(viewer, flag, True)
        viewer.save(update_fields=["key", "username", *flags])
        viewer_renamed.call(viewer, old)
    return None


def _copy_cooldowns(old: str, new: str) -> None:
    for row in Cooldown.of_name(old):
        key = f"{row.key.removesuffix(old)}{new}"
        if not Cooldown.objects.filter(key=key, until__gte=row.until).exists():
            Cooldown.objects.update_or_create(key=key, defaults={"until": row.until})


@again_after_deadlock
def merge(source: Viewer, target: Viewer, *, by: str = "") -> Merge:
    """Move everything that `source` has to `target`. Rows of both ledgers say so. Refused for one and the same."""
    if source.pk == target.pk:
        raise Refused(f"{source.username} can't be merged with themselves")
    with transaction.atomic():
        take_turn()
        held = _hold_viewers(source, target)
        for viewer in held.values():
            if viewer.merged_into_id is not None:
                raise Refused(f"{viewer.username} is merged into {viewer.merged_into} already")
        source, target = held[source.pk], held[target.pk]
        moved: dict[str, Any] = dict(_move_rows(source, target))
        _hold_accounts(source, target)
        moved |= _move_items(source, target, moved) | {OWN: _tell_target(source, target)}
        row = Merge.objects.create(
            source=source,
            target=target,
            points=Points.objects.get(pk=source.pk).balance,
            xp=XP.objects.get(pk=source.pk).total,
            moved=moved,
            by=by,
        )
        _move(POINTS_LEDGER, row.points, source, target, reference=f"merge:{row.pk}", by=row.by)
        _move(XP_LEDGER, row.xp, source, target, reference=f"merge:{row.pk}", by=row.by)
        xp.share_rewarded_level(source.pk, target.pk)
        _copy_cooldowns(source.key, target.key)
        Presence.objects.filter(pk=source.pk).delete()
        source.merged_into = target
        source.save(update_fields=["merged_into"])
    return row


@again_after_deadlock
def undo(row: Merge, *, by: str = "") -> None:
    """Move back what a merge moved, once. Refused where the points that came with it have been spent meanwhile, and
    where the target itself was merged since. Of the levels' rewards nothing is given again to either of the two.
    """
    with transaction.atomic():
        take_turn()
        if not Merge.objects.filter(pk=row.pk, undone_at=None).update(undone_at=timezone.now()):
            raise Refused("this merge was undone already")
        held = _hold_viewers(row.source, row.target)
        target = held[row.target_id]
        if target.merged_into_id is not None:
            raise Refused(f"{target.username} is merged into {target.merged_into}; undo that first")
        for label, ids in row.moved.items():
            if label == OWN:
                continue
            model, _, field = label.rpartition(".")
            _rows(model).filter(pk__in=ids).update(**{field: row.source})
        _hold_accounts(row.target)
        _hold_accounts(row.source)
        for ledger, amount in ((POINTS_LEDGER, row.points), (XP_LEDGER, row.xp)):
            whole = amount + _moved_on(ledger, row)
            _move(ledger, max(whole, 0), row.target, row.source, reference=f"unmerge:{row.pk}", by=by)
        xp.share_rewarded_level(row.source_id, row.target_id)
        Viewer.objects.filter(pk=row.source_id).update(merged_into=None)
        _give_back_what_was_known(target, held[row.source_id], row.moved.get(OWN, {}))


def _hold_viewers(*both: Viewer) -> dict[int, Viewer]:
    """Lock both rows against changes from elsewhere; returns them by id, read anew."""
    locked = Viewer.objects.select_for_update(no_key=True).filter(pk__in=[viewer.pk for viewer in both])
    return {viewer.pk: viewer for viewer in locked.order_by("key")}


def _hold_accounts(*viewers: Viewer) -> None:
    # After the rows of the queue, whose workers hold them when they pay; see `economy.ledger.accounts`.
    ids = [viewer.pk for viewer in viewers]
    accounts.lock(*ids)
    XP_LEDGER.held(ids)


def _move(ledger: Ledger, amount: int, giver: Viewer, taker: Viewer, *, reference: str, by: str) -> None:
    if amount:
        ledger.move(giver, taker, amount, reference=reference, by=by)


def _moved_on(ledger: Ledger, row: Merge) -> int:
    """Return how much went on to the target since the merge because a row of the source was undone: a refund, say."""
    members = {row.source_id, *heirs.merged_into([row.source_id])[row.source_id]}
    of_undoing = Q(reference__endswith=":on:out") | Q(reference__endswith=":back:in")
    moved = ledger.rows.objects.filter(of_undoing, viewer__in=members, created_at__gte=row.created_at)
    return -(moved.aggregate(sum=Sum("delta"))["sum"] or 0)


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


def _move_items(source: Viewer, target: Viewer, moved: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Move the items that were given while the account was waited for. Who gives some from now on finds the target."""
    late = ItemGrant.objects.filter(viewer=source)
    ids = list(late.values_list("pk", flat=True))
    late.update(viewer=target)
    label = f"{ItemGrant._meta.label}.viewer"
    return {label: [*moved.get(label, []), *ids]} if ids else {}


def _rows(label: str) -> models.QuerySet[Any]:
    rows: models.QuerySet[Any] = apps.get_model(label)._default_manager.all()
    return rows


def _tell_target(source: Viewer, target: Viewer) -> dict[str, Any]:
    """Let what is known of the source be known of the target; returns what was known of the target before."""
    before = {name: getattr(target, name) for name in (*KNOWN, *WRITTEN)}
    target.first_seen_at = min(source.first_seen_at, target.first_seen_at)
    target.last_seen_at = max(source.last_seen_at, target.last_seen_at)
    for name in (*FLAGS, "is_unseen"):
        setattr(target, name, getattr(source, name) or getattr(target, name))
    if target.excluded is None:
        target.excluded = source.excluded
    for name, words in _joined(target.notes, target.tags, source).items():
        setattr(target, name, words)
    target.save(update_fields=["first_seen_at", "last_seen_at", *KNOWN, *WRITTEN])
    return before


def _joined(notes: str, own_tags: str, source: Viewer) -> dict[str, str]:
    """Return what is written of a viewer with these notes and tags once the source is merged into them."""
    both = "\n".join(text for text in (notes, source.notes) if text)
    return {"notes": both, "tags": people.normalized_tags(own_tags, source.tags)}


def _give_back_what_was_known(target: Viewer, source: Viewer, before: Mapping[str, Any]) -> None:
    # What the streamer, or a badge, has said of the target since the merge is theirs, and stays.
    merged = {name: getattr(source, name) for name in KNOWN}
    merged |= _joined(before.get("notes", ""), before.get("tags", ""), source)
    unchanged = {name: known for name, known in before.items() if getattr(target, name) == merged[name]}
    Viewer.objects.filter(pk=target.pk).update(**unchanged)
