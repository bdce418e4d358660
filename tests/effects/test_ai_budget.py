"""The budget of the AI's requests and tokens, which no number of workers passes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from effects.models import AIUsage
from effects.outside.replies import budget
from effects.outside.replies.options import DAY, STREAM, Limit
from effects.overlays import facts
from joystick.models import Stream
from pixelbot_site.kit.errors import Failed, Refused
from tests.threads import at_once, wait_for_a_waiter

pytestmark = pytest.mark.django_db(transaction=True)


def spent() -> dict[str, tuple[int, int]]:
    return {row.span: (row.requests, row.tokens) for row in AIUsage.objects.all()}


def test_several_workers_do_not_pass_the_budget() -> None:
    limits = {DAY: Limit(37, 10_000), STREAM: Limit(100, 100)}

    def take(number: int) -> int:
        return sum(isinstance(_taken(limits), budget.Taken) for _ in range(12))

    assert sum(count for count in at_once(4, take) if isinstance(count, int)) == 37
    assert spent() == {DAY: (37, 370)}
    Stream.objects.create(started_at=timezone.now())
    AIUsage.objects.all().delete()
    limits = {DAY: Limit(100, 10_000), STREAM: Limit(100, 355)}
    assert sum(count for count in at_once(4, take) if isinstance(count, int)) == 35
    # What one span refuses is not counted in the other.
    assert spent() == {DAY: (35, 350), STREAM: (35, 350)}


def _taken(limits: dict[str, Limit]) -> budget.Taken | Failed:
    try:
        return budget.take(limits, 10)
    except Failed as error:
        return error


def test_of_two_who_ask_for_the_last_one_the_second_waits_and_is_refused() -> None:
    limits = {DAY: Limit(2, 10_000)}
    budget.take(limits, 10)

    def ask() -> budget.Taken:
        try:
            return budget.take(limits, 10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            budget.take(limits, 10)
            second = pool.submit(ask)
            wait_for_a_waiter()
        with pytest.raises(Failed, match="for today"):
            second.result(30)
    assert spent() == {DAY: (2, 20)}


def test_a_budget_begins_anew_with_a_day_and_with_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {DAY: Limit(2, 100), STREAM: Limit(1, 100)}
    began = timezone.now()
    monkeypatch.setattr(facts, "stream_began", lambda: began)
    taken = budget.take(limits, 10)
    with pytest.raises(Failed, match="for this stream"):
        budget.take(limits, 10)
    budget.settle(taken, 25)  # more than was put aside: a server may count what it thought
    assert [(one.span, one.requests, one.tokens) for one in budget.used(limits)] == [(DAY, 1, 25), (STREAM, 1, 25)]
    monkeypatch.setattr(facts, "stream_began", lambda: began + timedelta(hours=1))
    budget.take(limits, 10)
    with pytest.raises(Refused, match="for today"):
        budget.require_left(limits, 10)
    AIUsage.objects.filter(span=DAY).update(began=began - timedelta(days=70))
    budget.require_left({DAY: Limit(2, 100), STREAM: Limit(9, 100)}, 10)
    budget.take({DAY: Limit(2, 100), STREAM: Limit(9, 100)}, 10)
    assert AIUsage.objects.filter(span=DAY).count() == 1  # those of long ago are gone
