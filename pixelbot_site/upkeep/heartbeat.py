"""The schedule's heartbeat: a row that a scheduled task writes, so that every page shows when nothing is scheduled."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from pixelbot_site.models import Heartbeat

# The task runs every 10 s.
STILL_AFTER = timedelta(seconds=30)
SCHEDULE = "schedule"


def beat(*, now: datetime | None = None) -> None:
    """Store that the schedule, a worker and the database work together."""
    Heartbeat.objects.update_or_create(name=SCHEDULE, defaults={"at": now or timezone.now()})


def trouble(*, now: datetime | None = None) -> str:
    """Return since when the schedule stands still, as a sentence, "" while it does not or has never run."""
    row = Heartbeat.objects.filter(name=SCHEDULE).first()
    if row is None or (now or timezone.now()) - row.at <= STILL_AFTER:
        return ""
    return (
        f"The schedule stands still since {timezone.localtime(row.at):%H:%M}: nothing is rescued, renewed or checked. "
        "Start the bot again (of several processes, the Celery worker with -B)."
    )
