"""The same change for many viewers: previewed, run in pieces beside other work, reversible as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from economy.batches import changes, reversals
from economy.batches.pieces import Extent, Piece, Preview
from economy.batches.target import Target
from economy.ledger.accounts import require_amount
from economy.models import Batch, BatchState, Operation
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.pieces import GAP
from pixelbot_site.kit.transactions import take_turn

# Viewers in a piece.
PIECE = 5000
# How long a worker has for a piece, before another may go on with the batch.
LEASE = timedelta(seconds=60)
# The most names of left out viewers in a result.
MAX_ERRORS = 100
# What two batches of one key have in common.
SAME = ("currency", "operation", "amount", "target", "skips")


def plan(
    currency: str,
    operation: str,
    amount: int,
    *,
    target: Target,
    skips: bool = False,
    reason: str = "",
    by: str = "",
    key: UUID | None = None,
) -> Batch:
    """Return a batch that has not run. `skips` leaves out viewers with too little instead of taking them to 0.

    A `key` that was used before returns that batch; Refused if it was used for something else.
    """
    require_amount(amount, least=0 if operation == Operation.SET else 1)
    planned = Batch(
        key=key or uuid4(),
        currency=currency,
        operation=operation,
        amount=amount,
        target=target.as_json(),
        skips=skips,
        reason=reason[:200],
        by=by,
    )
    Batch.objects.bulk_create([planned], ignore_conflicts=True)  # of two with one key, the first
    kept = Batch.objects.get(key=planned.key)
    if any(getattr(kept, name) != getattr(planned, name) for name in SAME):
        raise Refused("this key was used before, for something else")
    return kept


def plan_reversal(batch: Batch, *, by: str = "") -> Batch:
    """Return the batch that takes back what `batch` did, the same one each time. Refused if `batch` has not run."""
    if batch.state != BatchState.DONE or batch.operation == Operation.REVERSE:
        raise Refused("only a batch that is done can be reversed")
    reason = f"reverses batch {batch.pk}"
    defaults = {"currency": batch.currency, "operation": Operation.REVERSE, "by": by, "reason": reason}
    reversal, _ = Batch.objects.get_or_create(reverses=batch, defaults=defaults)
    return reversal


def preview(batch: Batch, *, now: datetime | None = None) -> Preview:
    """Return what the batch would do if it ran now."""
    now = now or timezone.now()
    return reversals.preview(batch, now=now) if _reverses(batch) else changes.preview(batch, now=now)


def start(batch: Batch) -> bool:
    """Let the batch run. Return False if it runs already or is done, so that pressing twice runs it once; one that
    takes another back and left viewers out goes over these again.
    """
    now = timezone.now()
    extent = _extent(batch, now=now)
    begun = Batch.objects.filter(pk=batch.pk, state=BatchState.PREVIEW).update(
        state=BatchState.RUNNING, total=extent.total, last=extent.last, created_at=now, lease_until=now
    )
    return bool(begun) or _start_again(batch, now=now)


def _start_again(batch: Batch, *, now: datetime) -> bool:
    if not _reverses(batch):
        return False
    batch.refresh_from_db()
    if not left_out(batch, limit=1):
        return False
    left = Batch.objects.filter(pk=batch.pk, state=BatchState.DONE)
    return bool(
        left.update(state=BatchState.RUNNING, done=F("success"), failed=0, cursor=0, lease_until=now, finished_at=None)
    )


def left_out(batch: Batch, *, limit: int) -> list[str]:
    """Return the names of viewers whom a batch that is done did not change, at most `limit`; of a batch that takes
    another back, those of whom it may be tried again.
    """
    if batch.state != BatchState.DONE or not batch.failed:
        return []
    return reversals.left_out(batch, limit=limit) if _reverses(batch) else changes.left_out(batch, limit=limit)


def run(batch: Batch, *, progress: Callable[[Batch], None] | None = None) -> Batch:
    """Do all of it here and now, with a pause after each piece; `progress` is called after each piece and at the end.

    Waits: not for the event loop or a shared worker.
    """
    start(batch)
    more = True
    while more:
        more = step(batch.pk)
        batch.refresh_from_db()
        if progress is not None:
            progress(batch)
        if more:
            time.sleep(GAP)
    return batch


def step(batch_id: int) -> bool:
    """Do the next piece. Return False if the batch is done, or if another process works on it."""
    now = timezone.now()
    free = Batch.objects.filter(pk=batch_id, state=BatchState.RUNNING, lease_until__lte=now)
    if not free.update(lease_until=now + LEASE):
        return False
    with transaction.atomic():
        take_turn()
        batch = Batch.objects.select_for_update().get(pk=batch_id)
        piece = _work(batch, now=now)
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
    """Return the batches that run, including those whose worker died."""
    running = Batch.objects.filter(state=BatchState.RUNNING, lease_until__lte=timezone.now())
    return list(running.values_list("pk", flat=True))


def result(batch: Batch) -> dict[str, Any]:
    """Return the API's answer: ok, total_users, success, failed, errors (viewers left out), level_ups."""
    reason = _why_left_out(batch)
    errors = [f"{username}: {reason}" for username in left_out(batch, limit=MAX_ERRORS)]
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


def _why_left_out(batch: Batch) -> str:
    currency = batch.get_currency_display()
    if _reverses(batch):
        return f"had no {currency} left"
    if batch.operation == Operation.SUBTRACT:
        return f"had less than {batch.amount} {currency}" if batch.skips else f"had no {currency}"
    return "had nothing to change"


def _reverses(batch: Batch) -> bool:
    return batch.operation == Operation.REVERSE


def _extent(batch: Batch, *, now: datetime) -> Extent:
    return reversals.extent(batch, now=now) if _reverses(batch) else changes.extent(batch, now=now)


def _work(batch: Batch, *, now: datetime) -> Piece:
    if _reverses(batch):
        return reversals.work(batch, limit=PIECE, now=now)
    return changes.work(batch, limit=PIECE, now=now)
