"""The state of the connection to Joystick: which listener holds it, when the last frame came, and the gaps."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from economy import cooldowns
from joystick.models import Connection, Gap, InboundEvent
from pixelbot_site.kit import bulk

log = logging.getLogger("joystick")

# How long the lease of a listener that died keeps others from taking over. It is renewed every second.
LEASE = timedelta(seconds=3)
# A lease that ended lately is no trouble: a listener that stands by takes it, or a database that was away is back.
DIED_AFTER = timedelta(seconds=10)
TAKEN = "another listener took the line"
# Seconds without a frame after which a connected line is reported: five of the server's pings.
SILENT_SECONDS = 15.0
# Shorter outages are not reported: the gateway restarts now and then.
UNREACHED_AFTER = timedelta(minutes=1)
# Seconds between two warnings in the log.
WARN_EVERY = 60.0
# The length of the columns `Connection.detail` and `Gap.reason`.
MAX_REASON_CHARS = 300
OWN_NAME = "joystick.own_name"  # the cache's key
OWN_NAME_SECONDS = 86_400
NOT_RUNNING = "the bot was not running"


class LeaseLost(Exception):
    """Another listener has taken over: what this one has in hand is not stored any more."""


def take_lease(holder: str) -> int:
    """Take the lease; return its number. Return 0 while another listener holds one that has not ended."""
    # By the database's clock: those of several machines differ. One that stands by asks this one query.
    if Connection.objects.filter(pk=1, lease_until__gte=Now()).exclude(holder=holder).exists():
        return 0
    Connection.objects.get_or_create(pk=1, defaults={"lease_until": timezone.now() - LEASE})
    # One conditional UPDATE: of two listeners that try at the same moment, one changes the row.
    available = Connection.objects.filter(Q(holder=holder) | Q(lease_until__lt=Now()), pk=1)
    if not available.update(holder=holder, lease_until=Now() + LEASE, lease_number=F("lease_number") + 1):
        return 0
    return Connection.objects.filter(pk=1, holder=holder).values_list("lease_number", flat=True).first() or 0


def renew_lease(holder: str, number: int) -> None:
    """Renew the lease of that number, also one that has ended. Raise LeaseLost if another listener took it since."""
    if not _lease(holder, number).update(lease_until=Now() + LEASE):
        raise LeaseLost(TAKEN)


def holds_lease(holder: str, number: int) -> bool:
    """Return whether nobody has taken the lease of that number since."""
    return _lease(holder, number).exists()


def require_lease(holder: str, number: int) -> None:
    """Raise LeaseLost if another listener took the lease of that number since; else nobody takes it before the commit.

    Call it inside the transaction that the lease is for: a process that was frozen can't know how long.
    """
    if bulk.rows_with(Connection, "id", [1], "holder", "lease_number", lock=True) != [(holder, number)]:
        raise LeaseLost(TAKEN)


def release_lease(holder: str) -> None:
    """End the lease now, so that another listener need not wait."""
    Connection.objects.filter(pk=1, holder=holder).update(lease_until=Now() - LEASE)


def _lease(holder: str, number: int) -> QuerySet[Connection]:
    return Connection.objects.filter(pk=1, holder=holder, lease_number=number)


def set_state(holder: str, state: str, detail: str = "") -> None:
    """Store the state: connecting, connected, waiting, refused or off. Ignored unless `holder` holds the lease.

    "connecting" does not replace "waiting" or "refused": an attempt ends no trouble, a confirmed session does.
    """
    rows = Connection.objects.filter(pk=1, holder=holder)
    if state == "connecting":
        rows = rows.exclude(state__in=("waiting", "refused"))
    rows.update(state=state, detail=detail[:MAX_REASON_CHARS], since=timezone.now())


def request_try() -> None:
    """Ask the listener, in whichever process it is, to try a refused connection now."""
    Connection.objects.filter(pk=1).update(try_at=timezone.now())


def take_try(holder: str) -> bool:
    """Return whether staff asked for an attempt since the last call."""
    return bool(Connection.objects.filter(pk=1, holder=holder, try_at__isnull=False).update(try_at=None))


def set_last_frame(holder: str, at: datetime | None) -> None:
    """Store when the last frame came. None changes nothing."""
    if at is not None:
        Connection.objects.filter(pk=1, holder=holder).update(last_frame_at=at)


def add_unsaid(holder: str, count: int) -> None:
    """Add lines that chat had no room for to the day's number."""
    today = timezone.localdate()
    rows = Connection.objects.filter(pk=1, holder=holder)
    if not rows.filter(unsaid_on=today).update(unsaid=F("unsaid") + count):
        rows.update(unsaid=count, unsaid_on=today)


def open_gap_at_start() -> None:
    """Open a gap that began with the last frame stored, since no listener ran after it."""
    row = Connection.objects.filter(pk=1).first()
    if row is not None and row.last_frame_at and not Gap.objects.filter(ended_at__isnull=True).exists():
        Gap.objects.create(began_at=row.last_frame_at, reason=NOT_RUNNING)


def open_gap(holder: str, reason: str, at: datetime | None) -> None:
    """Open a gap that began `at` the lost session's last frame, unless one is open: failed attempts are one gap."""
    row = Connection.objects.filter(pk=1, holder=holder, state="connected").first()
    if row is not None and at is not None and not Gap.objects.filter(ended_at__isnull=True).exists():
        Gap.objects.create(began_at=at, reason=reason[:MAX_REASON_CHARS])


def close_gap() -> None:
    """End the open gap, if there is one, now that a session is confirmed."""
    Gap.objects.filter(ended_at__isnull=True).update(ended_at=timezone.now())


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the connection. `age`: seconds since the last frame, or None. `trouble`: a sentence, or "".

    `unsaid_today`: how many lines were dropped, since there was no room for them in chat.
    """

    state: str
    detail: str
    age: float | None
    trouble: str
    events_per_minute: int
    unsaid_today: int


def health(*, now: datetime | None = None) -> Health:
    """Return the figures that the dashboard and the API show."""
    now = now or timezone.now()
    row = Connection.objects.filter(pk=1).first() or Connection()
    return Health(
        state=row.state,
        detail=row.detail,
        age=_age(row, now),
        trouble=_trouble(row, now),
        events_per_minute=InboundEvent.objects.filter(received_at__gte=now - timedelta(minutes=1)).count(),
        unsaid_today=row.unsaid if row.unsaid_on == timezone.localdate(now) else 0,
    )


def reconnects_today(*, now: datetime | None = None) -> int:
    """Return how many gaps ended today, without those in which the bot did not run."""
    midnight = timezone.localtime(now or timezone.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    return Gap.objects.filter(ended_at__gte=midnight).exclude(reason=NOT_RUNNING).count()


def trouble(*, now: datetime | None = None) -> str:
    """Return what is wrong with the connection as a sentence for staff, or ""."""
    row = Connection.objects.filter(pk=1).first()
    return _trouble(row, now or timezone.now()) if row is not None else ""


def _trouble(row: Connection, now: datetime) -> str:
    if row.state == "off":  # stopped on purpose, or nothing to connect to
        return ""
    if row.state == "refused":
        return f"Joystick.tv refuses the bot: {row.detail}"
    if row.lease_until < now - DIED_AFTER:
        return f"The bot's line to Joystick.tv died: no process has held it since {_clock(row.lease_until)}."
    if row.state == "waiting":
        gap = Gap.objects.filter(ended_at__isnull=True).first()
        if gap is None or now - gap.began_at > UNREACHED_AFTER:
            since = f" since {_clock(gap.began_at)}" if gap else ""
            return f"Joystick.tv is not reached{since}: {row.detail}"
    age = _age(row, now)
    if row.state == "connected" and age is not None and age > SILENT_SECONDS:
        return f"Nothing was heard from Joystick.tv for {age:.0f} s, though the line should be connected."
    return ""


def note_own_name(name: str) -> None:
    """Keep, and log, that the bot hears its own lines from `name`, which is not BOT_USERNAME. "": that is not so."""
    # In the cache: it is found out again within three lines of chat.
    known = cache.get(OWN_NAME, "")
    cache.set(OWN_NAME, name, OWN_NAME_SECONDS)
    if name not in ("", known):
        log.warning("%s", own_name_trouble())


def own_name_trouble() -> str:
    """Return what is wrong with BOT_USERNAME as a sentence for staff, or ""."""
    name: str = cache.get(OWN_NAME, "")
    if not name:
        return ""
    return (
        f"The bot hears its own lines from {name}. If that is its account, set BOT_USERNAME={name} in .env and start "
        "the bot again: otherwise it may answer itself."
    )


def _age(row: Connection, now: datetime) -> float | None:
    return (now - row.last_frame_at).total_seconds() if row.last_frame_at else None


def _clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%H:%M}"


def watch(*, now: datetime | None = None) -> None:
    """Log what is wrong with the connection, at most every WARN_EVERY seconds. Runs on a schedule."""
    now = now or timezone.now()
    sentence = trouble(now=now)
    if sentence and cooldowns.take({"watchdog": WARN_EVERY}, now=now):
        log.warning("%s", sentence)
