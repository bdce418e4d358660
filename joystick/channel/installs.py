"""Which channels the bot is on now, and which of them is the first: the viewers' own flags are of that one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from economy.viewers import roles
from effects.overlays import screens
from joystick.models import Install
from joystick.models.channel import SILENT


class Known(NamedTuple):
    """A channel, as far as each batch of events needs it."""

    channel_id: str
    username: str
    last_event_at: datetime | None
    is_connected: bool


def known() -> list[Known]:
    """Return all channels, the first first. As one statement without the ORM, since each batch of events asks."""
    table = connection.ops.quote_name(Install._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT channel_id, username, last_event_at, access_token <> '' AS connected FROM {table} ORDER BY id"
        )
        rows = cursor.fetchall()
    # SQLite's driver returns UTC without saying so, and 1 for true.
    return [Known(row[0], row[1], row[2] and row[2].replace(tzinfo=UTC), bool(row[3])) for row in rows]


def others(channels: Iterable[Known], *, now: datetime) -> frozenset[str]:
    """Return the ids of the channels in use other than the first; none where there is one alone."""
    in_use = [
        channel.channel_id
        for channel in channels
        if channel.is_connected or (channel.last_event_at is not None and now - channel.last_event_at < SILENT)
    ]
    return frozenset(in_use[1:])


@screens.channels_in_use.register
def channels_in_use() -> list[tuple[str, str]]:
    """Return the id and the name of each channel in use, the first first."""
    return [(install.channel_id, str(install)) for install in Install.in_use()]


@roles.is_elsewhere.register
def is_elsewhere(channel_id: str) -> bool:
    """Return whether a channel is in use, and another than the first."""
    return channel_id in others(known(), now=timezone.now())
