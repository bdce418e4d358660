"""The Celery tasks of this app. The schedule is in the settings."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from economy import cooldowns
from economy.viewers import presence
from joystick.account import roster, tokens
from joystick.channel import health
from joystick.chat import timers
from joystick.chat.moderation import titles
from joystick.inbox import name_changes, retention
from joystick.reactions import causes

# Seconds.
ROSTERS_EVERY = 86_400.0


@shared_task(name="joystick.watch")
def watch() -> None:
    """Warn when the connection is in trouble, and react where the overlay is gone."""
    health.watch()
    causes.watch_overlay(now=timezone.now())


@shared_task(name=causes.TASK)
def react_to_failed_redeem(item_id: int, reason: str) -> None:
    """Run the rows for a redeem that failed."""
    causes.react_to_failed_redeem(item_id, reason)


@shared_task(name=causes.LEVEL_TASK)
def react_to_level(viewer_id: int, from_level: int, to_level: int, event: str, channel_id: str) -> None:
    """Run the rows for a level that was bought or won."""
    causes.react_to_level(viewer_id, from_level, to_level, event, channel_id)


@shared_task(name="joystick.renew_tokens")
def renew_tokens() -> None:
    """Renew the tokens that end soon."""
    tokens.renew_due()


@shared_task(name="joystick.fetch_rosters")
def fetch_rosters() -> None:
    """Fetch who follows, subscribes and moderates, once a day. Asked every ten minutes."""
    if cooldowns.take({"rosters": ROSTERS_EVERY}, now=timezone.now()):
        roster.start()


@shared_task(name=roster.TASK)
def fetch_roster(install_id: int, name: str, page: int = 1, done: int = 0, began: float = 0) -> None:
    """Fetch a page of one list."""
    roster.fetch(install_id, name, page, done, began)


@shared_task(name="joystick.sweep_presence")
def sweep_presence() -> None:
    """Delete the presence of viewers whose lease has ended."""
    presence.sweep(now=timezone.now())


@shared_task(name=name_changes.TASK)
def change_names() -> None:
    """Rename and forget viewers in the feed. Runs when one was, and every minute for what was broken off."""
    name_changes.work()


@shared_task(name=titles.TASK)
def set_title(install_id: int, title: str, username: str) -> None:
    """Set the stream's title, and say in chat what came of it."""
    titles.set_title(install_id, title, username)


@shared_task(name="joystick.run_timers")
def run_timers() -> None:
    """Run a timer that is due."""
    timers.run_due(now=timezone.now())


@shared_task(name="joystick.prune")
def prune() -> None:
    """Delete what the feed need not keep. Runs every hour."""
    retention.prune(now=timezone.now())
