"""The platform's lists of people: who is on one gets its flag when they are first seen, however long after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.utils.crypto import salted_hmac

from economy.models import ForgottenName, ListedName
from economy.viewers.roles import is_elsewhere
from pixelbot_site.kit import bulk, pieces

# What no fetch has found for so long goes: the channel was disconnected, or may not be asked any more.
KEEP = timedelta(days=7)


def keep(keys: Iterable[str], flag: str, *, channel: str, at: datetime) -> None:
    """Store that these are on the channel's list of `flag`, by the fetch that began `at`. Those who were forgotten are
    left out.
    """
    keys = set(keys)
    moment = connection.ops.adapt_datetimefield_value(at)
    rows = [(key, flag, channel, moment) for key in sorted(keys - forgotten(keys))]
    table = connection.ops.quote_name(ListedName._meta.db_table)
    with connection.cursor() as cursor:
        # An earlier fetch that is still going on must not make a name older than a later one found it.
        cursor.executemany(
            f"INSERT INTO {table} (key, flag, channel, listed_at) VALUES (%s, %s, %s, %s) "
            f"ON CONFLICT (key, flag, channel) DO UPDATE SET listed_at = excluded.listed_at "
            f"WHERE {table}.listed_at < excluded.listed_at",
            rows,
        )


def complete(flag: str, *, channel: str, at: datetime) -> int:
    """Delete, in pieces, who is not on the list any more: the fetch that began `at` has found the whole of it."""
    return pieces.delete(ListedName.objects.filter(flag=flag, channel=channel, listed_at__lt=at))


def prune(*, now: datetime) -> int:
    """Delete, in pieces, what no fetch has found for KEEP."""
    return pieces.delete(ListedName.objects.filter(listed_at__lt=now - KEEP))


def flags_of(keys: Collection[str]) -> dict[str, dict[str, bool]]:
    """Return the flags of those of `keys` who are on a list of the first channel, by key."""
    rows = bulk.rows_with(ListedName, "key", keys, "key", "flag", "channel")
    elsewhere = {channel for channel in {row[2] for row in rows} if any(is_elsewhere.call(channel))}
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for key, flag, channel in rows:
        if channel not in elsewhere:
            found[key][flag] = True
    return found


def rename(old: str, new: str) -> None:
    """Let a name of the lists be another one."""
    for row in ListedName.objects.filter(key=old):
        if ListedName.objects.filter(key=new, flag=row.flag, channel=row.channel).exists():
            row.delete()
        else:
            ListedName.objects.filter(pk=row.pk).update(key=new)


def forget(key: str) -> None:
    """Take a name off the lists, for good: they name it again, as long as its owner is on the platform's own."""
    ListedName.objects.filter(key=key).delete()
    ForgottenName.objects.get_or_create(digest=_digest(key))


def forgotten(keys: Collection[str]) -> set[str]:
    """Return those of `keys` whose owners were forgotten."""
    if not ForgottenName.objects.exists():
        return set()
    digests = {_digest(key): key for key in keys}
    return {digests[digest] for digest in bulk.among(ForgottenName, "digest", digests)}


def _digest(key: str) -> str:
    # With SECRET_KEY: a copy of the database alone does not tell whether it is of a given name.
    return salted_hmac("pixelbot: forgotten names", key, algorithm="sha256").hexdigest()
