"""The economy's scheduled tasks."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from economy import cooldowns
from economy.batches import batch
from economy.ledger import audit
from pixelbot_site.kit.pieces import GAP

# One audit at a time, and another try after this if the process died meanwhile.
AUDIT_LEASE = timedelta(hours=1)


@shared_task(name="economy.audit")
def audit_ledger() -> None:
    """Audit the ledger, every night."""
    now = timezone.now()
    if cooldowns.take({"audit": AUDIT_LEASE.total_seconds()}, now=now):
        audit.run()
        cooldowns.free("audit", until=now + AUDIT_LEASE)


@shared_task(name="economy.audit_if_due")
def audit_if_due() -> None:
    """Audit the ledger where the nightly audit was missed. Runs every minute, so also soon after a start."""
    if audit.is_due(timezone.now()):
        audit_ledger()


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
