"""The same change for many viewers at once: previewed, run in pieces beside everything else, and reversible as a whole.

Each piece is one transaction of a few statements over PIECE viewers by ascending id, and writes down how far it got.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import BigIntegerField, Case, Count, F, Q, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from economy.batches import pieces
from economy.batches.target import Target
from economy.ledger import points
from economy.models import Batch, BatchState, Operation
from pixelbot_site.kit.errors import Refused

PIECE = 5000
GAP = 0.1
"""Seconds between two pieces, for whoever else waits to write: SQLite's waiting writers look every 0.1 s."""
LEASE = timedelta(seconds=60)
"""Whoever works on a batch has so long for a piece, before somebody else may go on with it."""
MOST_ERRORS = 100
SAME = ("currency", "operation", "amount", "target", "skips")
"""What two batches of one key have in common."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a batch would do: viewers aimed at, what is minted (destroyed where negative), who has too little."""

    viewers: int
    changed: int
    too_little: int


def plan(
    currency: str,
    operation: str,
    amount: int,
    *,
    target: Target,
    skips: bool = False,
    reason: str = "",
    by: str = "",
    key: Any = None,
) -> Batch:
    """A batch that has not run yet. `skips`: who has too little is left out, instead of going to zero. With a `key`
    (UUID) that was used before, that batch comes back; Refused where it was for something else. Raises ValueError for a
    bad amount.
    """
    points.check(amount, least=0 if operation == Operation.SET else 1)
    words = {"key": key} if key is not None else {}
    planned = Batch(
        currency=currency,
        operation=operation,
        amount=amount,
        target=target.as_json(),
        skips=skips,
        reason=reason[:200],
        by=by,
        **words,
    )
    Batch.objects.bulk_create([planned], ignore_conflicts=True)  # of two with one key, the first
    kept = Batch.objects.get(key=planned.key)
    if any(getattr(kept, name) != getattr(planned, name) for name in SAME):
        raise Refused("this key was used before, for something else")
    return kept


def plan_reversal(batch: Batch, *, by: str = "") -> Batch:
    """A batch that takes back what `batch` did; the same one whoever asks again. Refused for what has not run."""
    if batch.state != BatchState.DONE or batch.operation == Operation.REVERSE:
        raise Refused("only a batch that is done can be reversed")
    words = {"currency": batch.currency, "operation": Operation.REVERSE, "by": by}
    reason = f"reverses batch {batch.pk}"
    return Batch.objects.get_or_create(reverses=batch, defaults={**words, "reason": reason})[0]


def preview(batch: Batch, *, now: datetime | None = None) -> Preview:
    """What the batch would do if it ran now. One pass over the balances that it aims at."""
    owned = pieces.owned(batch).filter(pk__in=pieces.target(batch, now or timezone.now()).values("pk"))
    held = F(pieces.column(batch))
    amount = Value(batch.amount, output_field=BigIntegerField())
    changes = {
        Operation.ADD: Case(
            When(**{f"{pieces.column(batch)}__lte": points.MOST - batch.amount}, then=amount),
            default=Value(0),
            output_field=BigIntegerField(),
        ),
        Operation.SET: amount - held,
        Operation.SUBTRACT: Case(
            When(**{f"{pieces.column(batch)}__gte": batch.amount}, then=-1 * amount),
            default=Value(0) if batch.skips else -1 * held,
            output_field=BigIntegerField(),
        ),
    }
    if batch.operation == Operation.REVERSE:
        first = batch.reverses
        assert first is not None
        return Preview(first.success, -first.changed, pieces.short_of(first))
    short = Q(**{f"{pieces.column(batch)}__lt": batch.amount}) if batch.operation == Operation.SUBTRACT else Q(pk=None)
    found = owned.aggregate(
        viewers=Count("pk"),
        changed=Coalesce(Sum(changes[Operation(batch.operation)]), 0),
        short=Count("pk", filter=short),
    )
    return Preview(found["viewers"], found["changed"], found["short"])


def start(batch: Batch) -> bool:
    """Let the batch run; False where it runs already, or is done: pressing twice pays once."""
    now = timezone.now()
    total, last = pieces.extent(batch, now)
    return bool(
        Batch.objects.filter(pk=batch.pk, state=BatchState.PREVIEW).update(
            state=BatchState.RUNNING, total=total, last=last or 0, created_at=now, lease_until=now
        )
    )


def run(batch: Batch, *, progress: Callable[[Batch], object] = bool) -> Batch:
    """Do all of it here and now, with a pause after each piece. Waits; not for the event loop or a shared worker."""
    start(batch)
    while step(batch.pk):
        batch.refresh_from_db()
        progress(batch)
        time.sleep(GAP)
    batch.refresh_from_db()
    progress(batch)
    return batch


def step(batch_id: int) -> bool:
    """Do the next piece. False when nothing is left for us: the batch is done, or somebody else works on it."""
    now = timezone.now()
    free = Batch.objects.filter(pk=batch_id, state=BatchState.RUNNING, lease_until__lte=now)
    if not free.update(lease_until=now + LEASE):
        return False
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch_id)
        piece = pieces.work(batch, most=PIECE, now=now)
        batch.done += piece.viewers
        batch.success += piece.success
        batch.failed += piece.viewers - piece.success
        batch.changed += piece.changed
        batch.level_ups += piece.level_ups
        batch.cursor = piece.cursor
        if not piece.viewers:
            batch.state, batch.finished_at = BatchState.DONE, now
        batch.lease_until = now
        batch.save()
    return bool(piece.viewers)


def unfinished() -> list[int]:
    """The batches that run, or whose worker died."""
    running = Batch.objects.filter(state=BatchState.RUNNING, lease_until__lte=timezone.now())
    return list(running.values_list("pk", flat=True))


def result(batch: Batch) -> dict[str, Any]:
    """The answer: ok, total_users, success, failed, errors (who was left out, at most MOST_ERRORS), level_ups."""
    errors = []
    if batch.failed and batch.operation != Operation.REVERSE:
        ledger_rows = pieces.rows(batch).filter(reference__startswith=f"batch:{batch.pk}:").values("viewer_id")
        aimed = pieces.target(batch, batch.created_at).filter(pk__lte=batch.last)
        left_out = aimed.exclude(pk__in=ledger_rows).order_by("pk")
        errors = [f"{name}: {_why(batch)}" for name in left_out.values_list("username", flat=True)[:MOST_ERRORS]]
    return {
        "ok": batch.state == BatchState.DONE,
        "batch": batch.pk,
        "state": batch.state,
        "total_users": batch.total,
        "success": batch.success,
        "failed": batch.failed,
        "errors": errors,
        "level_ups": batch.level_ups,
    }


def _why(batch: Batch) -> str:
    what = batch.get_currency_display()
    if batch.operation == Operation.SUBTRACT:
        return f"had less than {batch.amount} {what}" if batch.skips else f"had no {what}"
    return "had nothing to change"
