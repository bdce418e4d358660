"""The edges of earning: the cap's day, causes that pay once, awards that hold others back, and the largest balance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from economy.earning import caps
from economy.earning.pay import Award, Once, pay
from economy.ledger import audit, points, xp
from economy.ledger.accounts import MAX_BALANCE
from economy.ledger.points import Grant
from economy.models import DailyTotal, Points, Transaction, Viewer, XPTransaction
from joystick.settings_table import Rules

pytestmark = pytest.mark.django_db

Make = Callable[..., Viewer]


def balance(name: str) -> int:
    return Points.objects.get(viewer__key=name.casefold()).balance


def test_the_caps_day_begins_at_midnight_of_the_streamers_time_zone(settings: Any, rules: Rules) -> None:
    settings.TIME_ZONE = "America/New_York"
    capped = replace(rules, points_daily_caps={"tip": 10})
    evening = datetime(2026, 8, 2, 3, 30, tzinfo=UTC)  # 23:30 on 1 August in New York
    pay([Award("Ann", "tip", "1", points=8)], rules=capped, now=evening)
    pay([Award("Ann", "tip", "2", points=8)], rules=capped, now=evening + timedelta(minutes=20))
    assert balance("ann") == 10
    pay([Award("Ann", "tip", "3", points=8)], rules=capped, now=evening + timedelta(minutes=40))
    assert balance("ann") == 18


def test_midnight_in_utc_is_no_new_day_elsewhere(settings: Any, rules: Rules) -> None:
    settings.TIME_ZONE = "America/New_York"
    capped = replace(rules, points_daily_caps={"tip": 10})
    before = datetime(2026, 8, 1, 23, 50, tzinfo=UTC)
    pay([Award("Ann", "tip", "1", points=10)], rules=capped, now=before)
    pay([Award("Ann", "tip", "2", points=10)], rules=capped, now=before + timedelta(minutes=20))
    assert balance("ann") == 10


def test_sweeping_keeps_the_totals_of_today(settings: Any, rules: Rules) -> None:
    settings.TIME_ZONE = "America/New_York"
    capped = replace(rules, points_daily_caps={"tip": 10})
    evening = datetime(2026, 8, 2, 3, 30, tzinfo=UTC)
    pay([Award("Ann", "tip", "1", points=8)], rules=capped, now=evening)
    assert caps.sweep(now=evening) == 0 and DailyTotal.objects.count() == 1
    assert caps.sweep(now=evening + timedelta(hours=1)) == 1


def test_caps_count_each_viewer_and_source_apart(rules: Rules, now: datetime) -> None:
    capped = replace(rules, points_daily_caps={"tip": 10, "chat": 2})
    awards = [
        Award("Ann", "tip", "1", points=9),
        Award("Bob", "tip", "2", points=9),
        Award("Ann", "chat", "3", points=2),
        Award("Ann", "tip", "4", points=9),
        Award("Ann", "chat", "5", points=2),
    ]
    pay(awards, rules=capped, now=now)
    assert (balance("ann"), balance("bob")) == (10 + 2, 9)


def test_what_pays_once_pays_once_inside_one_batch(rules: Rules, now: datetime) -> None:
    follow = Award("Ann", "follow", "1", points=50, once=Once.EVER)
    pay([follow, replace(follow, event="2"), replace(follow, username="Bob", event="3")], rules=rules, now=now)
    assert (balance("ann"), balance("bob")) == (50, 50)


def test_what_pays_once_a_stream_pays_again_in_the_next(rules: Rules, now: datetime) -> None:
    enter = Award("Ann", "dropin", "1", points=25, once=Once.STREAM)
    pay([enter, replace(enter, event="2")], rules=rules, now=now, streams={"": "7"})
    pay([replace(enter, event="3")], rules=rules, now=now, streams={"": "7"})
    assert balance("ann") == 25
    pay([replace(enter, event="4")], rules=rules, now=now, streams={"": "8"})
    assert balance("ann") == 50


def test_a_gift_holds_back_the_givers_own_subscription_inside_one_batch(rules: Rules, now: datetime) -> None:
    gift = Award("Ann", "gift", "1", points=200, holds="sub")
    subscription = Award("Ann", "sub", "2", points=100, is_held=True)
    pay([gift, subscription, replace(subscription, username="Bob", event="3")], rules=rules, now=now)
    assert (balance("ann"), balance("bob")) == (200, 100)


GIFT = Award("Ann", "gift", "g", points=400, xp=40, holds="sub")
SUB = Award("Ann", "sub", "s", points=200, xp=20, is_held=True)


@pytest.mark.parametrize("in_one_batch", [True, False])
@pytest.mark.parametrize("order", [[GIFT, SUB], [SUB, GIFT]], ids=["gift first", "subscription first"])
def test_a_gift_and_the_subscriptions_that_come_with_it_pay_once_in_every_order(
    order: list[Award], in_one_batch: bool, rules: Rules, now: datetime
) -> None:
    more = [replace(award, event=f"{award.event}2") for award in order if award.source == "sub"]
    for batch in [[*order[:1], *more, *order[1:]]] if in_one_batch else [order[:1], more, order[1:]]:
        pay(batch, rules=rules, now=now)
        now += timedelta(seconds=20)
    assert balance("ann") == 400 and Viewer.objects.get(key="ann").xp.total == 40
    assert list(audit.findings()) == []


def test_a_subscription_of_long_before_or_of_somebody_else_is_not_part_of_a_gift(rules: Rules, now: datetime) -> None:
    pay([SUB, replace(SUB, username="Bob", event="b")], rules=rules, now=now)
    pay([replace(SUB, username="Cat", event="c")], rules=rules, now=now + timedelta(seconds=59))
    pay([GIFT], rules=rules, now=now + timedelta(seconds=60))
    assert (balance("ann"), balance("bob"), balance("cat")) == (600, 200, 200)


def test_what_was_paid_before_a_gift_is_subtracted_from_one_gift(rules: Rules, now: datetime) -> None:
    for seconds, award in enumerate([SUB, GIFT, replace(GIFT, event="g2")]):
        pay([award], rules=rules, now=now + timedelta(seconds=seconds))
    assert balance("ann") == 200 + 200 + 400


def test_a_second_gift_holds_back_for_a_minute_of_its_own(rules: Rules, now: datetime) -> None:
    pay([GIFT], rules=rules, now=now)
    pay([replace(GIFT, event="g2")], rules=rules, now=now + timedelta(seconds=50))
    pay([SUB], rules=rules, now=now + timedelta(seconds=100))
    assert balance("ann") == 800
    pay([replace(SUB, event="s2")], rules=rules, now=now + timedelta(seconds=111))
    assert balance("ann") == 1000


def test_a_held_back_award_uses_up_neither_cooldown_nor_cap(rules: Rules, now: datetime) -> None:
    capped = replace(rules, points_daily_caps={"sub": 100})
    pay([Award("Ann", "gift", "1", points=1, holds="sub")], rules=capped, now=now)
    held = Award("Ann", "sub", "2", points=100, is_held=True, points_cooldown=3600)
    pay([held], rules=capped, now=now)
    pay([replace(held, event="3", is_held=False)], rules=capped, now=now)
    assert balance("ann") == 1 + 100


def test_a_cooldown_is_taken_by_the_first_award_of_a_batch(rules: Rules, now: datetime) -> None:
    line = Award("Ann", "chat", "1", points=1, xp=1, points_cooldown=60, xp_cooldown=30)
    pay([line, replace(line, event="2")], rules=rules, now=now)
    assert balance("ann") == 1
    pay([replace(line, event="3")], rules=rules, now=now + timedelta(seconds=45))
    assert balance("ann") == 1  # XP may be earned again, points not yet
    assert Viewer.objects.get(key="ann").xp.total == 2
    pay([replace(line, event="4")], rules=rules, now=now + timedelta(seconds=61))
    assert balance("ann") == 2


def test_grants_of_a_batch_stop_at_the_largest_balance(viewer: Make, now: datetime) -> None:
    ann = viewer("Ann", points=10)
    points.adjust(ann, MAX_BALANCE - 25, source="test", reference="t:1")
    grants = [Grant(ann, 10, "tip", f"tip:{number}") for number in range(3)]
    given = points.grant_many(grants, now=now)
    assert [grant.reference for grant in given] == ["tip:0"]
    assert balance("ann") == MAX_BALANCE - 5
    # A smaller one still fits: the bound is on the balance, not on the batch.
    assert points.grant_many([Grant(ann, 5, "tip", "tip:9")], now=now)
    assert balance("ann") == MAX_BALANCE
    assert list(audit.findings()) == []


def test_a_reference_that_was_paid_before_is_left_out_of_a_batch(viewer: Make, now: datetime) -> None:
    ann, bob = viewer("Ann"), viewer("Bob")
    points.grant_many([Grant(ann, 10, "tip", "tip:1")], now=now)
    given = points.grant_many([Grant(ann, 10, "tip", "tip:1"), Grant(bob, 3, "tip", "tip:2")], now=now)
    assert [grant.viewer.username for grant in given] == ["Bob"]
    assert (balance("ann"), balance("bob")) == (10, 3)
    assert Transaction.objects.count() == 2


def test_awards_of_nothing_write_nothing(rules: Rules, now: datetime) -> None:
    assert pay([Award("Ann", "chat", "1")], rules=rules, now=now) == []
    assert Viewer.objects.get(key="ann").points.balance == 0
    assert not Transaction.objects.exists()


def test_what_is_left_out_of_a_batch_for_its_cause_uses_up_no_cap(rules: Rules, now: datetime) -> None:
    capped = replace(rules, points_daily_caps={"dropin": 50})
    enter = Award("Ann", "dropin", "1", points=25, once=Once.STREAM)
    pay([enter, replace(enter, event="2")], rules=capped, now=now, streams={"": "7"})
    pay([replace(enter, event="3")], rules=capped, now=now, streams={"": "8"})
    assert balance("ann") == 50


def test_a_smaller_grant_after_one_that_is_too_large_still_fits(viewer: Make, rules: Rules, now: datetime) -> None:
    ann = viewer("Ann")
    points.adjust(ann, MAX_BALANCE - 25, source="test", reference="t:1")
    xp.adjust(ann, MAX_BALANCE - 25, source="test", reference="t:1")
    amounts = [20, 10, 5, 1]
    pay(
        [Award("Ann", "tip", str(number), points=many, xp=many) for number, many in enumerate(amounts)],
        rules=rules,
        now=now,
    )
    for rows in (Transaction.objects, XPTransaction.objects):
        assert list(rows.filter(source="tip").order_by("pk").values_list("delta", flat=True)) == [20, 5]
    assert list(audit.findings()) == []
