"""Batches that take back another batch, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from django.db.models import F, Max, QuerySet
from django.db.models.lookups import LessThan

from economy.batches import pieces
from economy.batches.pieces import Change, Extent, Piece, Preview
from economy.ledger.amounts import MAX_BALANCE
from economy.ledger.currencies import ledger_of
from economy.models import Batch, Transaction, TransactionKind, Viewer, XPTransaction
from economy.models.heirs import heirs_of
from pixelbot_site.kit.errors import Refused


class _Written(NamedTuple):
    """A row of the batch that is taken back."""

    row_id: int
    viewer_id: int
    delta: int


def extent(batch: Batch, *, now: datetime) -> Extent:
    """Return how many viewers the batch that is taken back changed, and the last row of its ledger."""
    last = ledger_of(batch.currency).rows.objects.filter(source=pieces.SOURCE).aggregate(last=Max("pk"))["last"]
    return Extent(_reversed(batch).success, last or 0)


def preview(batch: Batch, *, now: datetime) -> Preview:
    """Return what the batch would do if it ran now; `too_little` counts who has less than they were given."""
    first, ledger = _reversed(batch), ledger_of(batch.currency)
    given = _rows(batch).filter(ledger.standing, delta__gt=0)
    short = given.filter(LessThan(F(f"viewer__{ledger.of_viewer}"), F("delta")))
    return Preview(first.success, -first.changed, short.count())


def work(batch: Batch, *, limit: int, now: datetime) -> Piece:
    """Take the next `limit` rows at most back, inside the transaction that holds the batch's row."""
    rows = _rows(batch).filter(pk__gt=batch.cursor, pk__lte=batch.last).order_by("pk")
    written = [
        _Written(pk, viewer, delta) for pk, viewer, delta in rows.values_list("pk", "viewer_id", "delta")[:limit]
    ]
    changes = _changes(batch, written)
    level_ups = pieces.write(batch, changes, kind=TransactionKind.REVERSAL, now=now)
    _hand_on(batch, [change for change in changes if change.delta > 0])
    minted = sum(change.delta for change in changes)
    return Piece(len(written), len(changes), minted, level_ups, cursor=written[-1].row_id if written else batch.cursor)


def _changes(batch: Batch, written: Sequence[_Written]) -> list[Change]:
    """Return what was done with its sign turned, as far as the balances can take it; without the rows that were taken
    back one by one already.
    """
    ledger = ledger_of(batch.currency)
    # Before asking what was taken back: whoever takes one of the rows back holds its balance, too.
    held = ledger.held([row.viewer_id for row in written])
    ids = [row.row_id for row in written]
    standing = set(ledger.rows.objects.filter(ledger.standing, pk__in=ids).values_list("pk", flat=True))
    changes = []
    for row in written:
        before = held[row.viewer_id]
        delta = _taken_back(row.delta, before)
        if delta and row.row_id in standing:
            changes.append(Change(row.viewer_id, delta, before, row.row_id))
    return changes


def _taken_back(delta: int, before: int) -> int:
    if delta < 0:
        return min(-delta, max(MAX_BALANCE - before, 0))
    return -min(delta, before)


def _hand_on(batch: Batch, given: Sequence[Change]) -> None:
    """Move what was given back to viewers who have been merged since on to their heirs."""
    ledger = ledger_of(batch.currency)
    merged = Viewer.objects.exclude(merged_into=None).in_bulk([change.viewer_id for change in given])
    heirs = heirs_of(merged)
    for change in given:
        if change.viewer_id in merged:
            source, on = merged[change.viewer_id], f"{pieces.reference(batch.pk, change.viewer_id)}:on"
            with suppress(Refused):  # the heir would have too much: it stays where it was
                ledger.move(source, heirs[source.pk], change.delta, reference=on, by=batch.by)


def _rows(batch: Batch) -> QuerySet[Transaction] | QuerySet[XPTransaction]:
    """Return the rows of the batch that is taken back. Most of them lie side by side."""
    beginning = pieces.reference(_reversed(batch).pk)
    return ledger_of(batch.currency).rows.objects.filter(source=pieces.SOURCE, reference__startswith=beginning)


def _reversed(batch: Batch) -> Batch:
    assert batch.reverses is not None
    return batch.reverses
