"""Where Celery looks: what is done on a schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from economy.batches import batch
from economy.earning import caps
from economy.ledger import audit


@shared_task(name="economy.audit")
def audit_ledger() -> None:
    """Every night: does the ledger agree with itself?"""
    audit.run()
    caps.sweep(now=timezone.now())


@shared_task(name="economy.batch_step")
def batch_step(batch_id: int) -> None:
    """One piece of a batch; the next one is a task of its own, so that other tasks get their turn in between."""
    if batch.step(batch_id):
        batch_step.apply_async((batch_id,), countdown=batch.GAP)


@shared_task(name="economy.go_on_with_batches")
def go_on_with_batches() -> None:
    """On a schedule: batches whose worker died."""
    for batch_id in batch.unfinished():
        batch_step.delay(batch_id)
