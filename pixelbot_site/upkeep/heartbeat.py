"""Signs of life: of the schedule, so that every page shows when nothing is scheduled, and of the workers."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.utils import timezone

from pixelbot_site.models import Heartbeat

# The task runs every 10 s.
STILL_AFTER = timedelta(seconds=30)
SCHEDULE = "schedule"
ROUND_TRIP = "round trip"


def beat(*, now: datetime | None = None) -> None:
    """Store that the schedule, a worker and the database work together."""
    Heartbeat.objects.update_or_create(name=SCHEDULE, defaults={"at": now or timezone.now()})


def store_round_trip(sent_at: float) -> None:
    """Store how long a task took from being sent (`time.time()`) to a worker."""
    milliseconds = max(0, round((time.time() - sent_at) * 1000))
    Heartbeat.objects.update_or_create(name=ROUND_TRIP, defaults={"at": timezone.now(), "milliseconds": milliseconds})


def rows() -> dict[str, Heartbeat]:
    """Return every sign of life, by its name."""
    return Heartbeat.objects.in_bulk()


def trouble(row: Heartbeat | None, *, now: datetime | None = None) -> str:
    """Return since when the schedule stands still, as a sentence, "" while it does not or has never run."""
    if row is None or (now or timezone.now()) - row.at <= STILL_AFTER:
        return ""
    return (
        f"The schedule stands still since {timezone.localtime(row.at):%H:%M}: nothing is rescued, renewed or checked. "
        "Start the bot again (of several processes, the Celery worker with -B)."
    )
