"""The state of the line to Joystick as a row, and the lease that lets one listener of several hold it."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from joystick.models import Connection, Install

LEASE = timedelta(seconds=15)


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


def last_channel() -> str:
    """The id of the channel last heard from, "" before the first."""
    installs = Install.objects.filter(last_event_at__isnull=False).order_by("-last_event_at")
    return installs.values_list("channel_id", flat=True).first() or ""


def heard(seconds_ago: float) -> None:
    """Store when the last frame came."""
    Connection.objects.filter(pk=1).update(last_frame_at=timezone.now() - timedelta(seconds=seconds_ago))
