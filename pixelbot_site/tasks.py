"""The site's scheduled tasks."""

from __future__ import annotations

import time

from celery import shared_task
from django.conf import settings

from effects.media import library
from effects.voice import scratch
from pixelbot_site.backups import shelf
from pixelbot_site.bringing import uploads
from pixelbot_site.upkeep import database_file, heartbeat


@shared_task(name="site.heartbeat")
def beat() -> None:
    """Store that the schedule runs, and measure how soon a worker begins a task. Every ten seconds."""
    heartbeat.beat()
    round_trip.apply_async((time.time(),), expires=10)


@shared_task(name="site.round_trip")
def round_trip(sent_at: float) -> None:
    """Store how long it took since this was sent."""
    heartbeat.store_round_trip(sent_at)


@shared_task(name="site.merge_log")
def merge_log() -> None:
    """Merge the database's write-ahead log into the file beside its writers. Every two seconds."""
    database_file.merge_beside_writers()


@shared_task(name="site.shorten_log")
def shorten_log() -> None:
    """Truncate the database's write-ahead log where nothing was written lately. Every minute."""
    database_file.shorten_log()


@shared_task(name="site.sweep")
def sweep() -> None:
    """Delete temporary files that killed processes left, and files that nobody brought over. Every hour."""
    scratch.sweep()
    uploads.sweep()


@shared_task(name="site.check_media")
def check_media() -> None:
    """Look for missing files where they are kept elsewhere. Every half minute."""
    library.look_elsewhere()


@shared_task(name="site.make_backup")
def make_backup() -> None:
    """Make a backup now: the dashboard's button."""
    shelf.make_or_note()


@shared_task(name="site.make_daily_backup")
def make_daily_backup() -> None:
    """Make a backup where the newest is older than a day. Asked every ten minutes."""
    if database_file.path() is not None and not settings.DEMO:
        shelf.make_if_due()
