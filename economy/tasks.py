"""The economy's tasks: scheduled ones, and long work in pieces."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from economy import cooldowns
from economy.batches import batch
from economy.ledger import audit, recomputing
from economy.models import XP
from pixelbot_site.kit.pieces import GAP

# One audit at a time, and another try after this if the process died meanwhile.
AUDIT_LEASE = timedelta(hours=1)
# Seconds after which a recomputation that tells nothing more has died with its worker.
SILENT_AFTER = 60
# In the cache: how many viewers are done, and of how many.
RECOMPUTING = "recomputing-levels"


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


@shared_task(name="economy.recompute_levels")
def recompute_levels(after: int = 0, done: int = 0) -> None:
    """Do one piece of recomputing the levels, tell how far it is, and send the task for the next."""
    piece = recomputing.recompute_piece(after)
    if piece.viewers:
        _, total = recomputing_progress() or (0, 0)
        cache.set(RECOMPUTING, (done + piece.viewers, max(total, done + piece.viewers)), SILENT_AFTER)
        # Others that wait to write get as long as the piece took.
        recompute_levels.apply_async((piece.last_id, done + piece.viewers), countdown=max(GAP, piece.seconds))
    else:
        cache.delete(RECOMPUTING)


def start_recomputing() -> None:
    """Have a worker make every level anew, unless one does already."""
    if cache.add(RECOMPUTING, (0, XP.objects.count()), SILENT_AFTER):
        recompute_levels.delay()


def recomputing_progress() -> tuple[int, int] | None:
    """Return how many viewers' levels are made anew, of how many; None while that is not being done."""
    found: tuple[int, int] | None = cache.get(RECOMPUTING)
    return found


@shared_task(name="economy.go_on_with_batches")
def go_on_with_batches() -> None:
    """Continue batches whose worker died."""
    for batch_id in batch.unfinished():
        batch_step.delay(batch_id)
