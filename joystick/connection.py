"""The state of the line to Joystick: who holds it, when it was heard, and the gaps in what we heard."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from economy import cooldowns
from joystick.models import Connection, Gap, InboundEvent, Install

log = logging.getLogger("joystick")

LEASE = timedelta(seconds=15)
SILENT_AFTER = timedelta(seconds=15)
WARN_EVERY = 60.0
NOT_RUNNING = "the bot was not running"


def hold(holder: str) -> bool:
    """Take or renew the lease. False while another listener, alive within the last 15 s, has it."""
    now = timezone.now()
    Connection.objects.get_or_create(pk=1, defaults={"lease_until": now - LEASE})
    mine = Connection.objects.filter(Q(holder=holder) | Q(lease_until__lt=now), pk=1)
    return bool(mine.update(holder=holder, lease_until=now + LEASE))


def release(holder: str) -> None:
    """Give the lease back, so that another listener need not wait for its end."""
    Connection.objects.filter(pk=1, holder=holder).update(lease_until=timezone.now() - LEASE)


def report(state: str, detail: str = "") -> None:
    """Store how the line is: connecting, connected, waiting, refused, off."""
    Connection.objects.filter(pk=1).update(state=state, detail=detail[:300], since=timezone.now())


def heard(seconds_ago: float) -> None:
    """Store when the last frame came."""
    Connection.objects.filter(pk=1).update(last_frame_at=timezone.now() - timedelta(seconds=seconds_ago))


def last_channel() -> str:
    """The id of the channel last heard from, "" before the first."""
    installs = Install.objects.filter(last_event_at__isnull=False).order_by("-last_event_at")
    return installs.values_list("channel_id", flat=True).first() or ""


def lost(reason: str, seconds_ago: float) -> None:
    """A session ended: from the last frame on there is a gap. Tries that fail meanwhile are the same gap."""
    row = Connection.objects.filter(pk=1).first()
    if row is not None and row.state == "connected" and not Gap.objects.filter(ended_at__isnull=True).exists():
        Gap.objects.create(began_at=timezone.now() - timedelta(seconds=seconds_ago), reason=reason[:300])


def found() -> None:
    """A session stands: the gap is over. At a start, the gap is the time since the last frame ever heard."""
    now = timezone.now()
    row = Connection.objects.filter(pk=1).first()
    if not Gap.objects.filter(ended_at__isnull=True).update(ended_at=now) and row is not None and row.last_frame_at:
        Gap.objects.create(began_at=row.last_frame_at, ended_at=now, reason=NOT_RUNNING)
    heard(0)


@dataclass(frozen=True, slots=True)
class Health:
    """How the line is, in figures. `age`: seconds since the last frame, None before the first."""

    state: str
    detail: str
    age: float | None
    is_silent: bool
    reconnects_today: int
    events_per_minute: int


def health(*, now: datetime | None = None) -> Health:
    """The figures for the admin and the API."""
    now = now or timezone.now()
    row = Connection.objects.filter(pk=1).first() or Connection()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    age = (now - row.last_frame_at).total_seconds() if row.last_frame_at else None
    return Health(
        state=row.state,
        detail=row.detail,
        age=age,
        is_silent=row.state == "connected" and age is not None and age > SILENT_AFTER.total_seconds(),
        reconnects_today=Gap.objects.filter(ended_at__gte=midnight).exclude(reason=NOT_RUNNING).count(),
        events_per_minute=InboundEvent.objects.filter(received_at__gte=now - timedelta(minutes=1)).count(),
    )


def watch(*, now: datetime | None = None) -> None:
    """Warn of a line that should be connected and hears nothing. Runs on a schedule, beside the listener."""
    now = now or timezone.now()
    figures = health(now=now)
    if figures.is_silent and cooldowns.take({"watchdog": WARN_EVERY}, now=now):
        log.warning("nothing was heard for %.0f s, though the line should be connected", figures.age or 0)
