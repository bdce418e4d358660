"""Where Celery looks: what is done on a schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from economy.viewers import presence
from joystick.account import tokens
from joystick.gateway import health


@shared_task(name="joystick.watch")
def watch() -> None:
    """Every few seconds: is the line alive?"""
    health.watch()


@shared_task(name="joystick.renew_tokens")
def renew_tokens() -> None:
    """Every minute: tokens ahead of their end."""
    tokens.renew_due()


@shared_task(name="joystick.sweep_presence")
def sweep_presence() -> None:
    """Every minute: leases that ended."""
    presence.sweep(now=timezone.now())
