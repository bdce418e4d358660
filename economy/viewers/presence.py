"""Who is present. Each sign of life is a lease that ends by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Count, QuerySet, Window

from economy.models import Presence, Viewer, viewer_key
from pixelbot_site.kit import bulk
from pixelbot_site.kit.transactions import after_commit

# The most seconds that a lease may end too early, since it is not renewed with each sign of life.
MAX_STEP = 60.0
# Leases that one statement writes, by three values each.
MAX_ROWS = bulk.MAX_VALUES // 4
# The end of a lease that this process has not stored.
NEVER = datetime.min.replace(tzinfo=UTC)
# Viewers whose leases this process remembers, at most.
MAX_REMEMBERED = 50_000

# When the leases end that this process stored last, by viewer. Who goes on talking costs no statement for each line.
_stored: dict[int, datetime] = {}


def mark(*, here: Iterable[Viewer], gone: Iterable[str], seconds: float, now: datetime) -> None:
    """Store that some viewers are here for the next `seconds`, and that others (by name) went.

    A viewer whose lease had ended was away: the row begins anew. One that was renewed a moment ago stays as it is;
    where it was deleted elsewhere meanwhile, the viewer counts as away for MAX_STEP seconds at most.
    """
    adapt = connection.ops.adapt_datetimefield_value
    end = now + timedelta(seconds=seconds)
    renewed = end - timedelta(seconds=min(seconds / 10, MAX_STEP))
    at, until, recent = adapt(now), adapt(end), adapt(renewed)
    ids = sorted({viewer.pk for viewer in here if _stored.get(viewer.pk, NEVER) < renewed})
    for start in range(0, len(ids), MAX_ROWS):
        leases = [(pk, at, until) for pk in ids[start : start + MAX_ROWS]]
        rows, values = bulk.table_of(leases, "bigint", "timestamptz", "timestamptz")
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO economy_presence (viewer_id, since, until) {rows} ON CONFLICT (viewer_id) "
                "DO UPDATE SET until = excluded.until, since = CASE WHEN economy_presence.until <= excluded.since "
                "THEN excluded.since ELSE economy_presence.since END WHERE economy_presence.until < %s",
                [*values, recent],
            )
    if ids:
        after_commit(_remember, ids, end)
    keys = [viewer_key(username) for username in gone]
    if keys:
        forget_stored()
        Presence.objects.filter(viewer__key__in=keys).delete()


def _remember(ids: Iterable[int], end: datetime) -> None:
    if len(_stored) > MAX_REMEMBERED:
        _stored.clear()
    _stored.update(dict.fromkeys(ids, end))


def forget_stored() -> None:
    """Forget which leases this process stored: some are deleted now."""
    _stored.clear()


def present(*, now: datetime) -> QuerySet[Viewer]:
    """Return the viewers who are present."""
    return Viewer.objects.filter(presence__until__gt=now)


@dataclass(frozen=True, slots=True)
class Here:
    """How many are present, and the names of those who came last."""

    count: int
    names: list[str]


def newest(most: int, *, now: datetime) -> Here:
    """Return how many are present, with at most `most` of their names, by one query."""
    rows = present(now=now).order_by("-presence__since").annotate(count=Window(Count("*")))
    found = list(rows.values_list("username", "count")[:most])
    return Here(found[0][1] if found else 0, [name for name, _ in found])


def clear() -> None:
    """End every presence, as at a stream's end."""
    forget_stored()
    Presence.objects.all().delete()


def sweep(*, now: datetime) -> int:
    """Delete the leases that ended; returns how many."""
    return Presence.objects.filter(until__lte=now).delete()[0]
