"""The ledger: every change is a row, no balance goes below zero, no cause pays twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from pytest_django import DjangoAssertNumQueries

from economy.earning import pay
from economy.earning.pay import Award
from economy.ledger import audit, points, xp
from economy.ledger.accounts import MAX_BALANCE, Row
from economy.ledger.xp import XPGrant
from economy.models import XP, LevelReward, Points, Transaction, TransactionKind, Viewer, XPTransaction
from joystick.settings_table import Rules
from pixelbot_site.kit.errors import Refused

pytestmark = pytest.mark.django_db

MakeViewer = Callable[..., Viewer]


def balance(username: str) -> int:
    return Points.objects.get(viewer__key=username.casefold()).balance


def assert_rows_add_up() -> None:
    """Every balance is the sum of its rows, and the last row says so."""
    for standing in Points.objects.all():
        rows = Transaction.objects.filter(viewer=standing.viewer_id)
        assert standing.balance == (rows.aggregate(sum=Sum("delta"))["sum"] or 0)
        last = rows.order_by("-id").first()
        assert last is None or last.balance_after == standing.balance


def test_a_grant_is_a_row_and_a_balance(viewer: MakeViewer) -> None:
    row = points.grant(viewer("Bob"), 40, source="tip", reference="tip:1", reason="thanks")
    assert (row.kind, row.delta, row.balance_after) == (TransactionKind.GRANT, 40, 40)
    assert balance("bob") == 40


def test_spending_takes_what_is_there(viewer: MakeViewer) -> None:
    row = points.spend(viewer("Bob", points=100), 100, source="redeem", reference="r:1")
    assert (row.delta, row.balance_after, balance("bob")) == (-100, 0, 0)


def test_spending_more_than_there_is_names_what_is_missing_and_takes_nothing(viewer: MakeViewer) -> None:
    with pytest.raises(Refused, match=r"you need 75 more points \(you have 25\)"):
        points.spend(viewer("Bob", points=25), 100, source="redeem", reference="r:1")
    assert balance("bob") == 25
    assert not Transaction.objects.filter(kind=TransactionKind.SPEND).exists()


def test_a_refund_comes_once(viewer: MakeViewer) -> None:
    spent = points.spend(viewer("Bob", points=100), 30, source="redeem", reference="r:1")
    first = points.refund(spent, reason="it failed")
    assert points.refund(spent, reason="it failed again") == first
    assert balance("bob") == 100
    assert_rows_add_up()


def test_only_a_spend_can_be_refunded(viewer: MakeViewer) -> None:
    granted = points.grant(viewer("Bob"), 5, source="tip", reference="tip:1")
    with pytest.raises(ValueError, match="nothing to refund"):
        points.refund(granted, reason="no")


def test_a_reference_pays_once(viewer: MakeViewer) -> None:
    bob = viewer("Bob")
    points.grant(bob, 5, source="tip", reference="tip:1")
    with pytest.raises(IntegrityError), transaction.atomic():
        points.grant(bob, 5, source="tip", reference="tip:1")
    assert balance("bob") == 5


@pytest.mark.parametrize("amount", [0, -1, 2**63, 1.5, float("nan"), True, "5", None])
def test_amounts_that_are_none_are_refused_with_the_number(viewer: MakeViewer, amount: object) -> None:
    bob = viewer("Bob", points=10)
    for verb in (points.grant, points.spend):
        with pytest.raises(ValueError, match="whole number"):
            verb(bob, amount, source="x", reference="x")  # type: ignore[arg-type]
    assert balance("bob") == 10


def test_the_database_itself_keeps_balances_above_zero(viewer: MakeViewer) -> None:
    bob = viewer("Bob", points=10)
    with pytest.raises(IntegrityError), transaction.atomic():
        Points.objects.filter(viewer=bob).update(balance=-1)


def test_a_batch_is_paid_in_order_with_running_balances(rules: Rules, now: datetime) -> None:
    pay.pay(
        [
            Award("Ann", "tip", "tip:1", points=10, xp=1),
            Award("Bob", "tip", "tip:2", points=20),
            Award("ANN", "tip", "tip:3", points=5, xp=2),
        ],
        rules=rules,
        now=now,
    )
    rows = Transaction.objects.order_by("id").values_list("viewer__key", "delta", "balance_after")
    assert list(rows) == [("ann", 10, 10), ("bob", 20, 20), ("ann", 5, 15)]
    assert Viewer.objects.get(key="ann").username == "ANN"
    assert XP.objects.get(viewer__key="ann").total == 3
    assert_rows_add_up()


def test_a_batch_pays_each_reference_once_in_itself_and_for_ever(rules: Rules, now: datetime) -> None:
    twice = [Award("Ann", "follow", "follow:ann", points=50, xp=10)] * 2
    pay.pay(twice, rules=rules, now=now)
    pay.pay(twice, rules=rules, now=now + timedelta(days=400))
    assert balance("ann") == 50
    assert XPTransaction.objects.count() == 1


def test_points_and_xp_have_cooldowns_of_their_own(rules: Rules, now: datetime) -> None:
    def chat(uid: str, at: float) -> None:
        award = Award("Ann", "chat", f"chat:{uid}", points=1, xp=1, points_cooldown=60, xp_cooldown=30)
        pay.pay([award], rules=rules, now=now + timedelta(seconds=at))

    for uid, at in [("a", 0), ("b", 29), ("c", 30), ("d", 59), ("e", 60)]:
        chat(uid, at)
    assert balance("ann") == 2  # at 0 and 60
    assert XP.objects.get(viewer__key="ann").total == 3  # at 0, 30 and 60


def test_of_two_lines_in_one_batch_the_first_is_paid(rules: Rules, now: datetime) -> None:
    awards = [Award("Ann", "chat", f"{n}", points=1, points_cooldown=60) for n in range(5)]
    pay.pay(awards, rules=rules, now=now)
    assert Transaction.objects.get().reference == "chat:0"


def test_what_is_switched_off_is_not_paid(rules: Rules, now: datetime) -> None:
    pay.pay([Award("Ann", "tip", "t:1", points=5, xp=5)], rules=replace(rules, points_enabled=False), now=now)
    assert (Transaction.objects.count(), XPTransaction.objects.count()) == (0, 1)
    pay.pay([Award("Ann", "tip", "t:2", points=5, xp=5)], rules=replace(rules, xp_enabled=False), now=now)
    assert (Transaction.objects.count(), XPTransaction.objects.count()) == (1, 1)


def test_a_jump_over_levels_gives_every_reward_between_once(rules: Rules, now: datetime) -> None:
    LevelReward.objects.bulk_create(
        [
            LevelReward(level=2, points=10),
            LevelReward(level=3, points=20, enabled=False),
            LevelReward(level=4, points=40),
        ]
    )
    (up,) = pay.pay([Award("Ann", "tip", "t:1", xp=1200)], rules=rules, now=now)
    assert (up.viewer.username, up.from_level, up.to_level) == ("Ann", 1, 4)
    assert [reward.level for reward in up.rewards] == [2, 4]
    assert balance("ann") == 50
    # Going down and up again pays nothing: the references are used.
    XP.objects.update(total=0, level=1)
    pay.pay([Award("Ann", "tip", "t:2", xp=1200)], rules=rules, now=now)
    assert balance("ann") == 50
    assert_rows_add_up()


def test_a_batch_costs_a_few_statements_however_long(
    rules: Rules, now: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    awards = [
        Award(f"v{n % 50}", "chat", f"chat:{n}", points=1, xp=1, points_cooldown=60, xp_cooldown=30) for n in range(200)
    ]
    with django_assert_max_num_queries(20):
        pay.pay(awards, rules=rules, now=now)
    assert Transaction.objects.count() == 50


def test_an_adjustment_goes_either_way_but_not_below_zero(viewer: MakeViewer) -> None:
    bob = viewer("Bob", points=10)
    assert points.adjust(bob, 5, source="moderator", reference="a:1").balance_after == 15
    row = points.adjust(bob, -15, source="moderator", reference="a:2", reason="by Mo")
    assert (row.kind, row.delta, row.balance_after, row.reason) == (TransactionKind.ADJUST, -15, 0, "by Mo")
    with pytest.raises(Refused, match="1 more point"):
        points.adjust(bob, -1, source="moderator", reference="a:3")
    assert_rows_add_up()


def test_a_transfer_is_two_rows_and_neither_can_be_refunded(viewer: MakeViewer) -> None:
    bob, ann = viewer("Bob", points=100), viewer("Ann")
    given = points.transfer(bob, ann, 30, source="give", reference="g:1")
    assert (balance("bob"), balance("ann")) == (70, 30)
    assert (given.delta, given.counterpart) == (-30, ann)
    with pytest.raises(ValueError, match="nothing to refund"):
        points.refund(given, reason="no")
    with pytest.raises(IntegrityError), transaction.atomic():
        points.transfer(bob, ann, 30, source="give", reference="g:1")
    assert (balance("bob"), balance("ann")) == (70, 30)
    assert_rows_add_up()


def test_a_transfer_that_can_not_be_moves_nothing(viewer: MakeViewer) -> None:
    bob, ann = viewer("Bob", points=100), viewer("Ann")
    with pytest.raises(Refused, match="you need 1 more point"):
        points.transfer(bob, ann, 101, source="give", reference="g:1")
    with pytest.raises(Refused, match="to yourself"):
        points.transfer(bob, bob, 1, source="give", reference="g:2")
    with pytest.raises(ValueError, match="whole number"):
        points.transfer(bob, ann, 0, source="give", reference="g:3")
    assert (balance("bob"), balance("ann")) == (100, 0)


def test_a_reversal_takes_one_change_back_once(viewer: MakeViewer) -> None:
    bob, ann = viewer("Bob", points=100), viewer("Ann")
    grant = Transaction.objects.get()
    given = points.transfer(bob, ann, 30, source="give", reference="g:1")
    spent = points.spend(ann, 20, source="redeem", reference="r:1")
    with pytest.raises(Refused, match="20 more points"):
        points.reverse(given)
    assert points.reverse(spent, by="fox").kind == TransactionKind.REFUND
    back = points.reverse(given, by="fox", reason="mistake")
    assert (back.kind, back.delta, back.undoes, back.by, back.reason) == (
        TransactionKind.REVERSAL,
        30,
        given,
        "fox",
        "mistake",
    )
    assert (balance("bob"), balance("ann")) == (100, 0)
    assert points.reverse(given) == back and points.reverse(grant).balance_after == 0
    for row in (back, Transaction.objects.get(kind=TransactionKind.REFUND)):
        with pytest.raises(ValueError, match="can't be reversed"):
            points.reverse(row)
    assert_rows_add_up()


def test_nobody_gets_beyond_what_an_integer_holds(viewer: MakeViewer) -> None:
    bob = viewer("Bob", points=MAX_BALANCE)
    with pytest.raises(Refused, match="nobody can have more"):
        points.grant(bob, 1, source="test", reference="t:1")
    assert points.grant_many([points.Grant(bob, 1, "test", "t:2")], now=bob.last_seen_at) == []
    assert balance("bob") == MAX_BALANCE


def test_what_is_above_the_most_can_be_lowered(viewer: MakeViewer) -> None:
    bob, ann = viewer("Bob", points=10), viewer("Ann")
    Points.objects.filter(pk=bob.pk).update(balance=2**62)  # as it could be once
    XP.objects.filter(pk=bob.pk).update(total=2**62)
    with pytest.raises(Refused, match=f"nobody can have more than {MAX_BALANCE} points"):
        points.grant(bob, 1, source="test", reference="t:1")
    points.spend(bob, 1, source="redeem", reference="r:1")
    points.transfer(bob, ann, 2, source="give", reference="g:1")
    points.adjust(bob, 10 - (2**62 - 3), source="test", reference="t:2")
    assert (balance("bob"), balance("ann")) == (10, 2)
    with pytest.raises(Refused, match="you need 1 more point "):
        points.spend(bob, 11, source="redeem", reference="r:2")
    assert xp.grant_many([XPGrant(bob, 1, "tip", "x:1")], curve=xp.current_curve(), now=bob.last_seen_at) == []
    assert xp.adjust(bob, 5 - 2**62, source="test", reference="x:2").total_after == 5
    with pytest.raises(ValueError, match="can't change by"):
        xp.adjust(bob, MAX_BALANCE, source="test", reference="x:3")


@pytest.mark.parametrize("delta", [True, False, 0, 1.5, "7", MAX_BALANCE + 1, -(2**63)])
def test_what_is_no_change_is_refused(viewer: MakeViewer, delta: Any) -> None:
    bob = viewer("Bob", points=10)
    for adjust in (points.adjust, xp.adjust):
        with pytest.raises(ValueError, match="whole number"):
            adjust(bob, delta, source="test", reference="t:1")


def test_rows_that_were_computed_from_another_balance_are_not_written(viewer: MakeViewer, now: datetime) -> None:
    bob = viewer("Bob", points=10)
    row = Row(bob.pk, 5, 20, "test", "t:1", now)  # as if Bob had 15
    with pytest.raises(RuntimeError, match="not held"), transaction.atomic():
        points.write_rows([row], kind=TransactionKind.ADJUST)
    with pytest.raises(RuntimeError, match="not held"), transaction.atomic():
        xp.write_rows([row], curve=xp.current_curve())
    assert balance("bob") == 10 and XP.objects.get(pk=bob.pk).total == 0
    assert list(audit.findings()) == []


def test_a_set_of_rows_leaves_the_balance_of_the_last_one(viewer: MakeViewer, now: datetime) -> None:
    bob, ann = viewer("Bob", points=10), viewer("Ann")
    rows = [
        Row(bob.pk, 5, 15, "test", "t:1", now),
        Row(ann.pk, 7, 7, "test", "t:2", now),
        Row(bob.pk, -15, 0, "test", "t:3", now, by="fox"),
    ]
    points.write_rows(rows, kind=TransactionKind.ADJUST)
    assert (balance("bob"), balance("ann")) == (0, 7)
    assert Transaction.objects.get(reference="t:3").by == "fox"
    assert list(audit.findings()) == []


def test_rewards_of_levels_reached_by_hand_count_as_given_where_told(viewer: MakeViewer) -> None:
    bob = viewer("Bob")
    xp.adjust(bob, 5000, source="test", reference="x:1")
    assert XP.objects.get(pk=bob.pk).rewarded_level == 1
    level = xp.adjust(bob, 1, source="test", reference="x:2", rewarded=True).level_after
    assert level > 1 and XP.objects.get(pk=bob.pk).rewarded_level == level
    xp.adjust(bob, -5000, source="test", reference="x:3", rewarded=True)
    assert XP.objects.get(pk=bob.pk).rewarded_level == level
