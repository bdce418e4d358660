"""Cooldowns as rows: they survive restarts, hold between processes, and are rolled back with their transaction."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import connection, transaction

from economy.models import Cooldown
from pixelbot_site.kit import bulk, pieces


def take(wanted: Mapping[str, float], *, now: datetime) -> set[str]:
    """Start the cooldowns `wanted` (key → seconds) that are not running; returns the keys that were free.

    One statement, exact between any number of writers. Seconds of zero or less are always free and leave no row.
    """
    free = {key for key, seconds in wanted.items() if seconds <= 0}
    timed = sorted(set(wanted) - free)
    if not timed:
        return free
    at = connection.ops.adapt_datetimefield_value
    until = {seconds: at(now + timedelta(seconds=seconds)) for seconds in set(wanted.values())}
    rows, values = bulk.table_of([(key, until[wanted[key]]) for key in timed], "text", "timestamptz")
    table = connection.ops.quote_name(Cooldown._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (key, until) {rows} "
            f"ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE {table}.until <= %s RETURNING key",
            [*values, at(now)],
        )
        return free | {row[0] for row in cursor.fetchall()}


class _Held(Exception):
    pass


def take_all(wanted: Mapping[str, float], *, now: datetime) -> bool:
    """Start all of `wanted` and return True; if one of them is running, start none and return False."""
    if sum(seconds > 0 for seconds in wanted.values()) < 2:  # one statement, which starts it or does not
        return take(wanted, now=now) == set(wanted)
    try:
        with transaction.atomic():
            if take(wanted, now=now) != set(wanted):
                raise _Held
    except _Held:
        return False
    return True


def extend(key: str, *, until: datetime) -> None:
    """Let a cooldown run until `until`, whether it runs already or not; never end it earlier."""
    at = connection.ops.adapt_datetimefield_value
    table = connection.ops.quote_name(Cooldown._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (key, until) VALUES (%s, %s) "
            f"ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE {table}.until < excluded.until",
            [key, at(until)],
        )


def running(keys: Iterable[str], *, now: datetime) -> set[str]:
    """Return those of `keys` that have not ended."""
    return set(Cooldown.objects.filter(key__in=list(keys), until__gt=now).values_list("key", flat=True))


def seconds_left(key: str, *, now: datetime) -> int:
    """Return the whole seconds until `key` ends, rounded up; 0 if it is not running."""
    until = Cooldown.objects.filter(key=key, until__gt=now).values_list("until", flat=True).first()
    return math.ceil((until - now).total_seconds()) if until else 0


def free(key: str, *, until: datetime) -> None:
    """End a cooldown now, if it is still the one that runs until `until`."""
    Cooldown.objects.filter(key=key, until=until).delete()


def sweep(*, now: datetime) -> int:
    """Delete what has expired; returns how many."""
    return pieces.delete(Cooldown.objects.filter(until__lte=now))
