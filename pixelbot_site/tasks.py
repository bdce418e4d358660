"""The site's scheduled tasks."""

from __future__ import annotations

from celery import shared_task

from pixelbot_site.upkeep import heartbeat


@shared_task(name="site.heartbeat")
def beat() -> None:
    """Store that the schedule runs. Every ten seconds."""
    heartbeat.beat()
