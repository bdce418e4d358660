"""The economy's scheduled tasks."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from economy.batches import batch
from economy.earning import caps
from economy.ledger import audit
from pixelbot_site.kit.pieces import GAP


@shared_task(name="economy.audit")
def audit_ledger() -> None:
    """Audit the ledger, every night."""
    audit.run()
    caps.sweep(now=timezone.now())


@shared_task(name="economy.batch_step")
def batch_step(batch_id: int) -> None:
    """Do one piece of a batch and send the task for the next, so that other tasks get their turn in between."""
    if batch.step(batch_id):
        batch_step.apply_async((batch_id,), countdown=GAP)


@shared_task(name="economy.go_on_with_batches")
def go_on_with_batches() -> None:
    """Continue batches whose worker died."""
    for batch_id in batch.unfinished():
        batch_step.delay(batch_id)
