"""The Celery tasks of this app. The schedule is in the settings."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from economy.viewers import presence
from joystick.account import tokens
from joystick.gateway import health
from joystick.inbox import name_changes, retention


@shared_task(name="joystick.watch")
def watch() -> None:
    """Warn when the connection is in trouble."""
    health.watch()


@shared_task(name="joystick.renew_tokens")
def renew_tokens() -> None:
    """Renew the tokens that end soon."""
    tokens.renew_due()


@shared_task(name="joystick.sweep_presence")
def sweep_presence() -> None:
    """Delete the presence of viewers whose lease has ended."""
    presence.sweep(now=timezone.now())


@shared_task(name=name_changes.TASK)
def change_names() -> None:
    """Rename and forget viewers in the feed. Runs when one was, and every minute for what was broken off."""
    name_changes.work()


@shared_task(name="joystick.prune")
def prune() -> None:
    """Delete what the feed need not keep. Runs every hour."""
    retention.prune(now=timezone.now())
