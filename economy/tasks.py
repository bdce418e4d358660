"""Where Celery looks: what is done on a schedule."""

from __future__ import annotations

from celery import shared_task

from economy import audit


@shared_task(name="economy.audit")
def audit_ledger() -> None:
    """Every night: does the ledger agree with itself?"""
    audit.run()
