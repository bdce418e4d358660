"""Signs of life: of the schedule and of the workers, so that every page shows when either stands still."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from economy import cooldowns
from pixelbot_site.models import Heartbeat

log = logging.getLogger("schedule")

# The task runs every 10 s, and sends the workers another one.
STILL_AFTER = timedelta(seconds=30)
# Seconds between two warnings in the log.
WARN_EVERY = 60.0
SCHEDULE = "schedule"
ROUND_TRIP = "round trip"


def beat(*, now: datetime | None = None) -> None:
    """Store that the schedule, a worker and the database work together."""
    Heartbeat.objects.update_or_create(name=SCHEDULE, defaults={"at": now or timezone.now()})


def begin() -> None:
    """Count from now, when the bot starts: the last signs may be days old."""
    beat()
    Heartbeat.objects.update_or_create(name=ROUND_TRIP, defaults={"at": timezone.now(), "milliseconds": None})


# What PostgreSQL's column holds: 24 days.
MAX_MILLISECONDS = 2**31 - 1


def store_round_trip(sent_at: float) -> None:
    """Store how long a task took from being sent (`time.time()`) to a worker."""
    milliseconds = min(max(0, round((time.time() - sent_at) * 1000)), MAX_MILLISECONDS)
    Heartbeat.objects.update_or_create(name=ROUND_TRIP, defaults={"at": timezone.now(), "milliseconds": milliseconds})


def rows() -> dict[str, Heartbeat]:
    """Return every sign of life, by its name."""
    return Heartbeat.objects.in_bulk()


def trouble(signs: Mapping[str, Heartbeat], *, now: datetime | None = None) -> str:
    """Return since when the schedule or the workers stand still, as a sentence, or ""."""
    now = now or timezone.now()
    if since := _still_since(signs.get(SCHEDULE), now):
        return (
            f"The schedule stands still since {since}: nothing is renewed or checked. "
            "Start the bot again (of several processes, Celery's beat and the worker of the queue “urgent”)."
        )
    if since := _still_since(signs.get(ROUND_TRIP), now):
        return (
            f"No worker has taken a task since {since}: what is bought waits. "
            "Start the bot again (of several processes, the worker of the queue “celery”)."
        )
    return ""


def warn() -> None:
    """Log what stands still, at most once a minute."""
    now = timezone.now()
    sentence = trouble(rows(), now=now)
    if sentence and cooldowns.take({"heartbeat": WARN_EVERY}, now=now):
        log.warning("%s", sentence)


def _still_since(row: Heartbeat | None, now: datetime) -> str:
    if row is None or now - row.at <= STILL_AFTER:
        return ""
    return f"{timezone.localtime(row.at):%H:%M}"
