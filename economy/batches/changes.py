"""Batches that add, subtract or set: the same change for all viewers of a target."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, Max, Q, QuerySet, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, LessThan, LessThanOrEqual

from economy.batches import pieces
from economy.batches.pieces import Change, Extent, Piece, Preview
from economy.batches.target import Target
from economy.ledger.accounts import MAX_BALANCE
from economy.ledger.currencies import ledger_of
from economy.models import Batch, Operation, TransactionKind, Viewer


def extent(batch: Batch, *, now: datetime) -> Extent:
    """Return how many viewers the batch is about, and the last of them."""
    found = _viewers(batch, now=now).aggregate(total=Count("pk"), last=Max("pk"))
    return Extent(found["total"], found["last"] or 0)


def preview(batch: Batch, *, now: datetime) -> Preview:
    """Return what the batch would do if it ran now. One pass over the balances that it aims at."""
    ledger = ledger_of(batch.currency)
    owned = ledger.balances.objects.filter(pk__in=_viewers(batch, now=now).values("pk"))
    short = Q(LessThan(F(ledger.column), batch.amount)) if batch.operation == Operation.SUBTRACT else Q(pk=None)
    found = owned.aggregate(
        viewers=Count("pk"),
        changed=Coalesce(Sum(_delta(batch, ledger.column)), 0),
        short=Count("pk", filter=short),
    )
    return Preview(found["viewers"], found["changed"], found["short"])


def work(batch: Batch, *, limit: int, now: datetime) -> Piece:
    """Change the next `limit` viewers at most, inside the transaction that holds the batch's row."""
    ledger = ledger_of(batch.currency)
    aimed = _viewers(batch, now=batch.created_at).filter(pk__gt=batch.cursor, pk__lte=batch.last).order_by("pk")
    ids = list(aimed.values_list("pk", flat=True)[:limit])
    ledger.held(ids)  # so that what is computed from the balances is still true when it is written
    owned = ledger.balances.objects.filter(pk__in=ids).annotate(delta=_delta(batch, ledger.column)).order_by("pk")
    found = owned.exclude(delta=0).values_list("pk", "delta", ledger.column)
    changes = [Change(viewer_id, delta, before) for viewer_id, delta, before in found]
    level_ups = pieces.write(batch, changes, kind=TransactionKind.ADJUST, now=now)
    minted = sum(change.delta for change in changes)
    return Piece(len(ids), len(changes), minted, level_ups, cursor=ids[-1] if ids else batch.cursor)


def left_out(batch: Batch, *, limit: int) -> list[str]:
    """Return the names of viewers whom the batch looked at and did not change, at most `limit`, the oldest first."""
    rows = ledger_of(batch.currency).rows.objects.filter(reference__startswith=pieces.reference(batch.pk))
    aimed = _viewers(batch, now=batch.created_at).filter(pk__lte=batch.last)
    unchanged = aimed.exclude(pk__in=rows.values("viewer_id")).order_by("pk")
    return list(unchanged.values_list("username", flat=True)[:limit])


def _viewers(batch: Batch, *, now: datetime) -> QuerySet[Viewer]:
    return Target.of(batch.target).viewers(now=now)


def _delta(batch: Batch, column: str) -> Combinable:
    """Return what the batch does to the balance in `column`; 0 where it leaves it alone."""
    amount = Value(batch.amount, output_field=BigIntegerField())
    match batch.operation:
        case Operation.ADD:
            return _case(When(LessThanOrEqual(F(column), MAX_BALANCE - batch.amount), then=amount), default=Value(0))
        case Operation.SET:
            return amount - F(column)
        case _:
            otherwise = Value(0) if batch.skips else -F(column)
            return _case(When(GreaterThanOrEqual(F(column), batch.amount), then=-amount), default=otherwise)


def _case(when: When, *, default: Any) -> Case:
    return Case(when, default=default, output_field=BigIntegerField())
