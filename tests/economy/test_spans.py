"""Rows of a span of time: the same as by their dates, whatever order they were written in, and found by an index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from economy.ledger import imported, points, spans
from economy.ledger.accounts import Row
from economy.ledger.imported import Cause, History, PastChange
from economy.models import Points, Transaction, TransactionKind, Viewer

pytestmark = pytest.mark.django_db

Make = Callable[..., Viewer]
START = datetime(2026, 1, 1, tzinfo=UTC)
# Days after START: the bot earned, then a history was imported, then it earned on; the clock was put back for a while.
EARNED = [10, 20, 30]
IMPORTED = [-400, -300, 5, 25]
LATER = [40, 40.5, 40.2, 50]


def day(number: float) -> datetime:
    return START + timedelta(days=number)


@pytest.fixture
def ledger(viewer: Make) -> None:
    """Rows whose ids do not ascend with their dates."""
    bob = viewer("Bob")
    earn(bob, EARNED)
    past = [PastChange(number, 1, "old", day(moment)) for number, moment in enumerate(IMPORTED)]
    imported.import_points([History(bob, 1, past, len(past))], cause=Cause(["pixel"]))
    earn(bob, LATER)


def earn(viewer: Viewer, moments: Sequence[float]) -> None:
    for moment in moments:
        held = Points.objects.get(pk=viewer.pk).balance
        row = Row(viewer.pk, 1, held + 1, "chat", f"chat:{moment}", day(moment))
        points.write_rows([row], kind=TransactionKind.GRANT)


EDGES = [None, *(day(number) for number in (-500, -350, 0, 5, 15, 27, 30, 35, 40.1, 40.3, 45, 60)), datetime.max.replace(tzinfo=UTC)]  # fmt: skip


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("since", EDGES, ids=str)
def test_a_span_holds_the_rows_of_its_dates(since: datetime | None) -> None:
    for until in EDGES:
        wanted = [
            row.pk
            for row in Transaction.objects.all()
            if (since is None or row.created_at >= since) and (until is None or row.created_at < until)
        ]
        found = spans.between(Transaction.objects.all(), since, until).values_list("pk", flat=True)
        assert list(found) == wanted, until


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plan")
def test_a_page_of_old_rows_is_read_by_id_from_where_they_begin(viewer: Make) -> None:
    earn(viewer("Bob"), [float(number) for number in range(40)])
    with CaptureQueriesContext(connection) as asked:
        page = list(spans.between(Transaction.objects.all(), None, day(3.5))[:51])
    assert len(page) == 4
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked.captured_queries[-1]['sql']}")
        plan = str(cursor.fetchall())
    assert "INTEGER PRIMARY KEY (rowid<?)" in plan and "TEMP B-TREE" not in plan
