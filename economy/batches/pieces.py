"""A piece of a batch: whom it is about, and the few statements that change them. Only `economy.batches` calls this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, F, Max, QuerySet

from economy.batches.target import Target
from economy.ledger import points, xp
from economy.models import XP, Batch, Currency, Kind, Operation, Points, Transaction, Viewer, XPTransaction
from pixelbot_site.kit import bulk


@dataclass(frozen=True, slots=True)
class Piece:
    """What came of a piece: viewers looked at and changed, what was minted, how many levels went up, how far we are."""

    viewers: int
    success: int
    changed: int
    level_ups: int
    cursor: int


class Change(NamedTuple):
    """`delta` for a viewer who has `before`; `undoes` is the row that is taken back."""

    viewer: int
    delta: int
    before: int
    undoes: int | None = None


def work(batch: Batch, *, most: int, now: datetime) -> Piece:
    """Do the next piece of at most `most` viewers, in the transaction that holds the batch's row."""
    if batch.operation == Operation.REVERSE:
        found = _undone_next(batch, most)
        ids, cursor = [row[1] for row in found], found[-1][0] if found else batch.cursor
        changes = _reversals(batch, found)
    else:
        aimed = target(batch, batch.created_at).filter(pk__gt=batch.cursor, pk__lte=batch.last).order_by("pk")
        ids = list(aimed.values_list("pk", flat=True)[:most])
        cursor = ids[-1] if ids else batch.cursor
        held = _held(batch, ids)
        changes = [Change(pk, _delta(batch, held[pk]), held[pk]) for pk in ids]
    changes = [change for change in changes if change.delta]
    write = _write_points if batch.currency == Currency.POINTS else _write_xp
    ups = write(batch, changes, now)
    if batch.operation == Operation.REVERSE:
        _hand_on(batch, [change for change in changes if change.delta > 0])
    return Piece(len(ids), len(changes), sum(change.delta for change in changes), ups, cursor)


def extent(batch: Batch, now: datetime) -> tuple[int, int]:
    """(how many viewers the batch is about, the last id that `work` will look at)."""
    if batch.operation == Operation.REVERSE:
        first = batch.reverses
        assert first is not None
        last = rows(batch).filter(source="batch").aggregate(last=Max("pk"))["last"]
        return first.success, last or 0
    found = target(batch, now).aggregate(total=Count("pk"), last=Max("pk"))
    return found["total"], found["last"] or 0


def _undone_next(batch: Batch, most: int) -> list[tuple[int, int, int]]:
    """(id, viewer, delta) of the next rows of the batch that is taken back: they lie side by side."""
    theirs = rows(batch).filter(source="batch", pk__gt=batch.cursor, pk__lte=batch.last)
    theirs = theirs.filter(reference__startswith=f"batch:{batch.reverses_id}:").order_by("pk")
    return list(theirs.values_list("pk", "viewer_id", "delta")[:most])


def _reversals(batch: Batch, found: Sequence[tuple[int, int, int]]) -> list[Change]:
    """What was done with its sign turned, down to zero and up to MOST at most; without what was taken back one by one
    already.
    """
    held = _held(batch, sorted(row[1] for row in found))  # first: whoever takes one of them back holds it, too
    undone: set[int] = set()
    if batch.currency == Currency.POINTS:
        undone = bulk.among(Transaction, "undoes_id", [row[0] for row in found])
    changes = [(pk, viewer, _fitting(-delta, held[viewer])) for pk, viewer, delta in found if pk not in undone]
    return [Change(viewer, delta, held[viewer], pk) for pk, viewer, delta in changes]


def _hand_on(batch: Batch, changes: Sequence[Change]) -> None:
    """What was given back to somebody who is part of another by now goes on to that one."""
    merged = Viewer.objects.filter(pk__in=[one.viewer for one in changes]).exclude(merged_into=None).in_bulk()
    for one in changes:
        if one.viewer not in merged:
            continue
        viewer, on = merged[one.viewer], f"batch:{batch.pk}:{one.viewer}:on"
        heir = points.heir_of(viewer)
        room = points.MOST - getattr(owned(batch).get(pk=heir.pk), column(batch))
        if one.delta > room:
            continue  # nobody can have more: it stays where it was
        if batch.currency == Currency.POINTS:
            points.transfer(viewer, heir, one.delta, source="merge", reference=on, kind=Kind.MERGE)
        else:
            xp.adjust(viewer, -one.delta, source="merge", reference=f"{on}:out", by=batch.by)
            xp.adjust(heir, one.delta, source="merge", reference=f"{on}:in", by=batch.by)


def _fitting(delta: int, held: int) -> int:
    """As much of a change as a balance of `held` can take."""
    return min(delta, max(points.MOST - held, 0)) if delta > 0 else max(delta, -held)


def _held(batch: Batch, ids: Sequence[int]) -> dict[int, int]:
    found = bulk.rows_with(owned(batch).model, "viewer_id", ids, "viewer_id", column(batch), lock=True)
    return dict(found)


def _delta(batch: Batch, held: int) -> int:
    """What the batch does to a balance of `held`; 0 where it leaves it alone."""
    match batch.operation:
        case Operation.ADD:
            return batch.amount if held + batch.amount <= points.MOST else 0
        case Operation.SET:
            return batch.amount - held
        case _:
            return -batch.amount if held >= batch.amount else 0 if batch.skips else -held


def _write_points(batch: Batch, changes: Sequence[Change], now: datetime) -> int:
    kind = Kind.REVERSAL if batch.operation == Operation.REVERSE else Kind.ADJUST
    columns = ("viewer_id", "kind", "delta", "balance_after", "source", "reason", "reference", "by", "created_at")
    lines = [
        (
            *(one.viewer, kind.value, one.delta, one.before + one.delta, "batch", batch.reason),
            *(f"batch:{batch.pk}:{one.viewer}", batch.by, now, one.undoes),
        )
        for one in changes
    ]
    bulk.insert(Transaction, (*columns, "undoes_id"), lines)
    _update(
        "UPDATE economy_points SET balance = %s WHERE viewer_id = %s",
        [(one.before + one.delta, one.viewer) for one in changes],
    )
    return 0


def _write_xp(batch: Batch, changes: Sequence[Change], now: datetime) -> int:
    level = xp.current_curve().level
    after = [(one, one.before + one.delta, level(one.before + one.delta)) for one in changes]
    lines = [
        (
            *(one.viewer, one.delta, total, reached, "batch", batch.reason),
            *(f"batch:{batch.pk}:{one.viewer}", "", batch.by, now),
        )
        for one, total, reached in after
    ]
    bulk.insert(XPTransaction, xp.COLUMNS, lines)
    _update(
        "UPDATE economy_xp SET total = %s, level = %s WHERE viewer_id = %s",
        [(total, reached, one.viewer) for one, total, reached in after],
    )
    return sum(reached > level(one.before) for one, _, reached in after)


def _update(sql: str, values: Sequence[tuple[int, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(sql, values)


def target(batch: Batch, now: datetime) -> QuerySet[Viewer]:
    """The viewers whom the batch is about."""
    return Target(**batch.target).viewers(now=now)


def owned(batch: Batch) -> QuerySet[Any]:
    """The balances that it changes."""
    return Points.objects.all() if batch.currency == Currency.POINTS else XP.objects.all()


def rows(batch: Batch) -> QuerySet[Any]:
    """The ledger that it writes to."""
    ledger_rows: QuerySet[Any] = (Transaction if batch.currency == Currency.POINTS else XPTransaction).objects.all()
    return ledger_rows


def short_of(batch: Batch) -> int:
    """How many have less by now than the batch gave them, and it was not taken back one by one."""
    theirs = rows(batch).filter(source="batch", reference__startswith=f"batch:{batch.pk}:")
    if batch.currency == Currency.POINTS:
        theirs = theirs.filter(undone_by=None)
    held: str = f"viewer__{batch.currency}__{column(batch)}__lt"
    return theirs.filter(**{"delta__gt": 0, held: F("delta")}).count()


def column(batch: Batch) -> str:
    """The name of the amount in `owned`."""
    return "balance" if batch.currency == Currency.POINTS else "total"
