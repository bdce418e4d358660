"""The site's scheduled tasks."""

from __future__ import annotations

from celery import shared_task

from pixelbot_site.upkeep import database_file, heartbeat


@shared_task(name="site.heartbeat")
def beat() -> None:
    """Store that the schedule runs. Every ten seconds."""
    heartbeat.beat()


@shared_task(name="site.shorten_log")
def shorten_log() -> None:
    """Truncate the database's write-ahead log where nothing was written lately. Every minute."""
    database_file.shorten_log()
