"""Long work in pieces."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from economy.models import Cooldown
from effects import tasks
from pixelbot_site.kit import pieces

pytestmark = pytest.mark.django_db


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made."""
    made: list[float] = []
    monkeypatch.setattr("time.sleep", made.append)
    monkeypatch.setattr(pieces, "PIECE", 2)
    return made


def expired(count: int) -> Any:
    now = timezone.now()
    Cooldown.objects.bulk_create(Cooldown(key=str(number), until=now - timedelta(days=1)) for number in range(count))
    return Cooldown.objects.filter(until__lte=now)


def test_rows_are_deleted_a_few_at_a_time_with_pauses_between(pauses: list[float]) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert pieces.delete(expired(5)) == 5
    deletes = [query["sql"] for query in asked if query["sql"].startswith("DELETE")]
    assert len(deletes) == 3 and len(pauses) == 2 and not Cooldown.objects.exists()


def test_a_pause_is_as_long_as_the_piece_was_so_that_who_waits_does_not_miss_it(pauses: list[float]) -> None:
    pieces.pause(time.monotonic() - 0.7)
    pieces.pause(time.monotonic())
    assert pieces.GAP <= pauses[1] < 0.7 <= pauses[0]


def test_it_stops_after_so_many(pauses: list[float]) -> None:
    assert pieces.delete(expired(5), most=4) == 4
    assert Cooldown.objects.count() == 1


def test_a_row_that_became_another_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = expired(1)
    real, again = transaction.atomic, timezone.now() + timedelta(minutes=1)

    def begun_anew(**options: Any) -> Any:
        monkeypatch.undo()
        Cooldown.objects.update(until=again)
        return real(**options)

    monkeypatch.setattr(transaction, "atomic", begun_anew)
    pieces.delete(rows)
    assert Cooldown.objects.get().until == again


def test_what_runs_every_hour_deletes_cooldowns_in_pieces(pauses: list[float]) -> None:
    expired(5)
    tasks.tidy()
    assert not Cooldown.objects.exists() and len(pauses) == 2
