"""Batches that take back another batch, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from django.db.models import CharField, Exists, F, Max, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.db.models.lookups import LessThan

from economy.batches import pieces
from economy.batches.pieces import Change, Extent, Piece, Preview
from economy.ledger.accounts import MAX_BALANCE
from economy.ledger.currencies import ledger_of
from economy.models import Batch, Transaction, TransactionKind, Viewer, XPTransaction
from economy.models.heirs import heirs_of
from pixelbot_site.kit.errors import Refused


class _Written(NamedTuple):
    """A row of the batch that is taken back."""

    row_id: int
    viewer_id: int
    delta: int


class _Merged(NamedTuple):
    """A viewer who has been merged since, and into whom."""

    viewer: Viewer
    heir: Viewer


def extent(batch: Batch, *, now: datetime) -> Extent:
    """Return how many viewers the batch that is taken back changed, and the last row of its ledger."""
    last = ledger_of(batch.currency).rows.objects.filter(source=pieces.SOURCE).aggregate(last=Max("pk"))["last"]
    return Extent(_reversed(batch).success, last or 0)


def preview(batch: Batch, *, now: datetime) -> Preview:
    """Return what the batch would do if it ran now; `too_little` counts who has less than they were given."""
    first, ledger = _reversed(batch), ledger_of(batch.currency)
    given = _rows(batch).filter(ledger.standing, delta__gt=0, viewer__merged_into=None)
    short = given.filter(LessThan(F(f"viewer__{ledger.of_viewer}"), F("delta")))
    return Preview(first.success, -first.changed, short.count())


def work(batch: Batch, *, limit: int, now: datetime) -> Piece:
    """Take the next `limit` rows at most back, inside the transaction that has the turn and holds the batch's row."""
    rows = _untouched(batch).filter(pk__gt=batch.cursor, pk__lte=batch.last).order_by("pk")
    written = [
        _Written(pk, viewer, delta) for pk, viewer, delta in rows.values_list("pk", "viewer_id", "delta")[:limit]
    ]
    merged = _merged(written)
    changes = _changes(batch, written, merged)
    level_ups = pieces.write(batch, changes, kind=TransactionKind.REVERSAL, now=now)
    _hand_on(batch, changes, merged)
    minted = sum(change.delta for change in changes)
    return Piece(len(written), len(changes), minted, level_ups, cursor=written[-1].row_id if written else batch.cursor)


def left_out(batch: Batch, *, limit: int) -> list[str]:
    """Return the names of viewers of whom nothing was taken back yet, since they had nothing: at most `limit`."""
    rows = _untouched(batch).filter(ledger_of(batch.currency).standing, pk__lte=batch.last).order_by("pk")
    return list(rows.values_list("viewer__username", flat=True)[:limit])


def _merged(written: Sequence[_Written]) -> dict[int, _Merged]:
    ids = [row.viewer_id for row in written]
    viewers = Viewer.objects.filter(pk__in=ids).exclude(merged_into=None).in_bulk()
    heirs = heirs_of(viewers)
    return {pk: _Merged(viewer, heirs[pk]) for pk, viewer in viewers.items()}


def _changes(batch: Batch, written: Sequence[_Written], merged: dict[int, _Merged]) -> list[Change]:
    """Return what was done with its sign turned, as far as the balances can take it; without the rows that were taken
    back one by one already.
    """
    ledger = ledger_of(batch.currency)
    # Before asking what was taken back: whoever takes one of the rows back holds its balance, too. Heirs first, as
    # whoever undoes a single row does.
    ids = {row.viewer_id for row in written}
    held = ledger.held((ids - set(merged)) | {one.heir.pk for one in merged.values()})
    held |= ledger.held(set(merged))
    row_ids = [row.row_id for row in written]
    standing = set(ledger.rows.objects.filter(ledger.standing, pk__in=row_ids).values_list("pk", flat=True))
    due = [row for row in written if row.row_id in standing]
    _fetch(batch, due, merged, held)
    changes = []
    for row in due:
        before = held[row.viewer_id]
        delta = _taken_back(row.delta, before)
        if delta:
            changes.append(Change(row.viewer_id, delta, before, row.row_id))
    return changes


def _taken_back(delta: int, before: int) -> int:
    if delta < 0:
        return min(-delta, max(MAX_BALANCE - before, 0))
    return -min(delta, before)


def _fetch(batch: Batch, due: Sequence[_Written], merged: dict[int, _Merged], held: dict[int, int]) -> None:
    """Move what was given to viewers who have been merged since back from their heirs, as far as these have it."""
    for row in due:
        if row.viewer_id in merged:
            viewer, heir = merged[row.viewer_id]
            amount = min(row.delta - held[viewer.pk], held[heir.pk])
            if amount > 0:
                reference = f"{pieces.reference(batch.pk, viewer.pk)}:back"
                ledger_of(batch.currency).move(heir, viewer, amount, reference=reference, by=batch.by)
                held[heir.pk] -= amount
                held[viewer.pk] += amount


def _hand_on(batch: Batch, changes: Sequence[Change], merged: dict[int, _Merged]) -> None:
    """Move what was given back to viewers who have been merged since on to their heirs."""
    for change in changes:
        if change.delta > 0 and change.viewer_id in merged:
            viewer, heir = merged[change.viewer_id]
            reference = f"{pieces.reference(batch.pk, viewer.pk)}:on"
            with suppress(Refused):  # the heir would have too much: it stays where it was
                ledger_of(batch.currency).move(viewer, heir, change.delta, reference=reference, by=batch.by)


def _rows(batch: Batch) -> QuerySet[Transaction] | QuerySet[XPTransaction]:
    """Return the rows of the batch that is taken back. Most of them lie side by side."""
    beginning = pieces.reference(_reversed(batch).pk)
    return ledger_of(batch.currency).rows.objects.filter(source=pieces.SOURCE, reference__startswith=beginning)


def _untouched(batch: Batch) -> QuerySet[Transaction] | QuerySet[XPTransaction]:
    """Return those of the rows for which this batch wrote none yet: it may go over them more than once."""
    own = Concat(Value(pieces.reference(batch.pk)), Cast(OuterRef("viewer_id"), CharField()))
    return _rows(batch).exclude(Exists(ledger_of(batch.currency).rows.objects.filter(reference=own)))


def _reversed(batch: Batch) -> Batch:
    assert batch.reverses is not None
    return batch.reverses
