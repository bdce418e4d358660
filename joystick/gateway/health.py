"""The state of the line to Joystick: who holds it, when it was heard, and the gaps in what we heard."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from economy import cooldowns
from joystick.models import Connection, Gap, InboundEvent

log = logging.getLogger("joystick")

LEASE = timedelta(seconds=15)
SILENT_SECONDS = 15.0
UNREACHED_AFTER = timedelta(minutes=1)
WARN_EVERY = 60.0
NOT_RUNNING = "the bot was not running"


def take_lease(holder: str) -> bool:
    """Take or renew the lease. False while another listener, alive within the last 15 s, has it."""
    now = timezone.now()
    Connection.objects.get_or_create(pk=1, defaults={"lease_until": now - LEASE})
    mine = Connection.objects.filter(Q(holder=holder) | Q(lease_until__lt=now), pk=1)
    return bool(mine.update(holder=holder, lease_until=now + LEASE))


def release_lease(holder: str) -> None:
    """Give the lease back, so that another listener need not wait for its end."""
    Connection.objects.filter(pk=1, holder=holder).update(lease_until=timezone.now() - LEASE)


def set_state(holder: str, state: str, detail: str = "") -> None:
    """Store how the line is: connecting, connected, waiting, refused, off. Only its holder's word counts."""
    mine = Connection.objects.filter(pk=1, holder=holder)
    mine.update(state=state, detail=detail[:300], since=timezone.now())


def set_last_frame(holder: str, at: datetime | None) -> None:
    """Store when the last frame came, if there was one."""
    if at is not None:
        Connection.objects.filter(pk=1, holder=holder).update(last_frame_at=at)


def open_gap_at_start() -> None:
    """A listener takes the line: since the last frame ever heard, nobody listened."""
    row = Connection.objects.filter(pk=1).first()
    if row is not None and row.last_frame_at and not Gap.objects.filter(ended_at__isnull=True).exists():
        Gap.objects.create(began_at=row.last_frame_at, reason=NOT_RUNNING)


def open_gap(holder: str, reason: str, at: datetime | None) -> None:
    """A session ended: from its last frame on there is a gap. Tries that fail meanwhile are the same gap."""
    row = Connection.objects.filter(pk=1, holder=holder, state="connected").first()
    if row is not None and at is not None and not Gap.objects.filter(ended_at__isnull=True).exists():
        Gap.objects.create(began_at=at, reason=reason[:300])


def close_gap() -> None:
    """A session stands: whatever gap there was is over."""
    Gap.objects.filter(ended_at__isnull=True).update(ended_at=timezone.now())


@dataclass(frozen=True, slots=True)
class Health:
    """How the line is. `age`: seconds since the last frame, None before the first. `trouble`: a sentence, or ""."""

    state: str
    detail: str
    age: float | None
    trouble: str
    reconnects_today: int
    events_per_minute: int


def health(*, now: datetime | None = None) -> Health:
    """The figures for the admin and the API."""
    now = now or timezone.now()
    row = Connection.objects.filter(pk=1).first() or Connection()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return Health(
        state=row.state,
        detail=row.detail,
        age=_age(row, now),
        trouble=_trouble(row, now),
        reconnects_today=Gap.objects.filter(ended_at__gte=midnight).exclude(reason=NOT_RUNNING).count(),
        events_per_minute=InboundEvent.objects.filter(received_at__gte=now - timedelta(minutes=1)).count(),
    )


def trouble(*, now: datetime | None = None) -> str:
    """What staff should know of the line, as a sentence, or ""."""
    row = Connection.objects.filter(pk=1).first()
    return _trouble(row, now or timezone.now()) if row is not None else ""


def _trouble(row: Connection, now: datetime) -> str:
    if row.state == "off":  # stopped on purpose, or nothing to connect to
        return ""
    if row.state == "refused":
        return f"Joystick.tv refuses the bot: {row.detail}"
    if row.lease_until < now:
        return f"The bot's line to Joystick.tv died: nobody has held it since {_clock(row.lease_until)}."
    if row.state == "waiting":
        gap = Gap.objects.filter(ended_at__isnull=True).first()
        if gap is None or now - gap.began_at > UNREACHED_AFTER:
            since = f" since {_clock(gap.began_at)}" if gap else ""
            return f"Joystick.tv is not reached{since}: {row.detail}"
    age = _age(row, now)
    if row.state == "connected" and age is not None and age > SILENT_SECONDS:
        return f"Nothing was heard from Joystick.tv for {age:.0f} s, though the line should be connected."
    return ""


def _age(row: Connection, now: datetime) -> float | None:
    return (now - row.last_frame_at).total_seconds() if row.last_frame_at else None


def _clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%H:%M}"


def watch(*, now: datetime | None = None) -> None:
    """Warn of a line in trouble. Runs on a schedule, beside the listener."""
    now = now or timezone.now()
    said = trouble(now=now)
    if said and cooldowns.take({"watchdog": WARN_EVERY}, now=now):
        log.warning("%s", said)
