"""Many rows at once, on both databases: what is written and read is what was given, few rows or many."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from economy import cooldowns
from economy.models import Cooldown, Presence, Transaction, Viewer
from economy.viewers import people, presence
from pixelbot_site.kit import bulk

pytestmark = pytest.mark.django_db

COUNTS = (1, bulk.COPY_FROM - 1, bulk.COPY_FROM, 3 * bulk.COPY_FROM)
COLUMNS = ("viewer_id", "kind", "delta", "balance_after", "source", "reason", "reference", "event", "by", "created_at")
ODD = ("", "a\tb\nc\\d", "\\N", "\\.", "'; --", "{1,2}", "NULL", '"', "é🦊‮", "%s %(a)s")


def rows(count: int, now: datetime) -> list[tuple[Any, ...]]:
    viewer = people.seen(["Ann"], now=now)["ann"].pk
    return [
        (viewer, "grant", number, number, "test", ODD[number % len(ODD)], f"t:{count}:{number}", "", "", now)
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("count", COUNTS)
def test_rows_are_stored_as_they_were_given_with_defaults_for_the_rest(count: int) -> None:
    now = timezone.now()
    given = rows(count, now)
    bulk.insert(Transaction, COLUMNS, given)
    stored = Transaction.objects.filter(source="test").order_by("pk")
    assert list(stored.values_list(*COLUMNS)) == given
    assert set(stored.values_list("undoes_id", "counterpart_id")) == {(None, None)}


@pytest.mark.parametrize("count", COUNTS)
def test_a_reference_used_before_raises_and_stores_nothing(count: int) -> None:
    given = rows(count, timezone.now())
    bulk.insert(Transaction, COLUMNS, given[-1:])
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(Transaction, COLUMNS, given)
    assert Transaction.objects.filter(source="test").count() == 1


@pytest.mark.parametrize("count", COUNTS)
def test_each_row_is_updated_by_its_own_values_and_those_that_changed_are_counted(count: int) -> None:
    now = timezone.now()
    crowd = people.seen([f"Fan{number}" for number in range(count)], now=now)
    ids = sorted(viewer.pk for viewer in crowd.values())
    sql = "UPDATE economy_viewer SET last_seen_at = %s WHERE id = %s AND last_seen_at < %s"
    later = [now + timedelta(seconds=number + 1) for number in range(count)]
    at = connection.ops.adapt_datetimefield_value
    values = [(at(moment), pk, at(moment if pk != ids[0] else now)) for moment, pk in zip(later, ids, strict=True)]
    with CaptureQueriesContext(connection) as asked:
        changed = bulk.update_each(sql, values, "timestamptz", "bigint", "timestamptz")
    assert changed == count - 1 and len(asked) == 1
    seen = list(Viewer.objects.order_by("pk").values_list("last_seen_at", flat=True))
    assert seen == [now, *later[1:]]
    assert bulk.update_each(sql, [], "timestamptz", "bigint", "timestamptz") == 0


def test_many_are_found_in_their_order_and_none_among_none() -> None:
    crowd = people.seen([f"Fan{number}" for number in range(50)], now=timezone.now())
    keys = [*crowd, "nobody", "{a,b}", "it's"]
    assert bulk.rows_with(Viewer, "key", keys, "key") == [(key,) for key in sorted(crowd)]
    assert bulk.among(Viewer, "key", keys) == set(crowd)
    ids = {viewer.pk for viewer in crowd.values()}
    assert bulk.rows_with(Viewer, "id", ids, "id", lock=True) == [(pk,) for pk in sorted(ids)]
    assert bulk.rows_with(Viewer, "key", [], "key") == []


def test_cooldowns_and_leases_of_a_crowd_take_one_statement_each() -> None:
    now = timezone.now()
    crowd = people.seen([f"Fan{number}" for number in range(100)], now=now)
    wanted = {f"chat:{key}": 60.0 + number for number, key in enumerate(crowd)}
    with CaptureQueriesContext(connection) as asked:
        assert cooldowns.take(wanted, now=now) == set(wanted)
        presence.mark(here=crowd.values(), gone=[], seconds=90, now=now)
    assert len(asked) == 2 and Presence.objects.count() == Cooldown.objects.count() == 100
    assert cooldowns.take(wanted, now=now + timedelta(seconds=100)) == set(list(wanted)[:41])
