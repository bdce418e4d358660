"""Many at once, on the real database."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import OperationalError, connection, transaction

from economy import cooldowns
from economy.earning import pay as earning
from economy.earning.pay import Award
from economy.ledger import points
from economy.models import Points, Transaction, TransactionKind, Viewer
from joystick.settings_table import Rules
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.transactions import again_after_deadlock
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_sixteen_spenders_of_one_balance_never_overdraw_it(viewer: Callable[..., Viewer]) -> None:
    bob = viewer("Bob", points=100)
    results = at_once(16, lambda n: points.spend(bob, 30, source="redeem", reference=f"r:{n}"))
    assert sum(isinstance(result, Transaction) for result in results) == 3
    assert sum(isinstance(result, Refused) for result in results) == 13
    assert Points.objects.get(viewer=bob).balance == 10
    assert sorted(Transaction.objects.filter(kind=TransactionKind.SPEND).values_list("balance_after", flat=True)) == [
        10,
        40,
        70,
    ]


def test_sixteen_refunders_of_one_spend_give_it_back_once(viewer: Callable[..., Viewer]) -> None:
    bob = viewer("Bob", points=100)
    spent = points.spend(bob, 40, source="redeem", reference="r:1")
    results = at_once(16, lambda n: points.refund(spent, reason=f"try {n}"))
    assert len({result.pk for result in results if isinstance(result, Transaction)}) == 1
    assert Points.objects.get(viewer=bob).balance == 100


def test_of_sixteen_takers_one_gets_the_cooldown(now: datetime) -> None:
    results = at_once(16, lambda n: cooldowns.take({"wheel": 30}, now=now))
    assert sorted(map(len, results)) == [0] * 15 + [1]  # type: ignore[arg-type]


def test_payers_of_overlapping_crowds_all_get_through(rules: Rules, now: datetime) -> None:
    def pay(number: int) -> None:
        names = [f"viewer{(number * 3 + n) % 20}" for n in range(20)]
        for turn in range(5):
            awards = [Award(name, "tip", f"tip:{number}:{turn}:{name}", points=2, xp=1) for name in names]
            earning.pay(awards, rules=rules, now=now)

    assert at_once(8, pay) == [None] * 8
    assert set(Points.objects.values_list("balance", flat=True)) == {8 * 5 * 2}
    for standing in Points.objects.all():
        last = Transaction.objects.filter(viewer=standing.viewer_id).order_by("-balance_after").first()
        assert last is not None and last.balance_after == standing.balance


def test_transfers_the_opposite_way_do_not_deadlock_and_lose_nothing(viewer: Callable[..., Viewer]) -> None:
    people = [viewer(name, points=100) for name in ("Ann", "Bob", "Cat")]

    def move(number: int) -> None:
        for turn in range(20):
            giver, taker = people[(number + turn) % 3], people[(number + 2 * turn + 1) % 3]
            if giver.pk != taker.pk:
                with contextlib.suppress(Refused):
                    points.transfer(giver, taker, 7, source="give", reference=f"g:{number}:{turn}")

    assert at_once(8, move) == [None] * 8
    balances = list(Points.objects.values_list("balance", flat=True))
    assert sum(balances) == 300 and min(balances) >= 0
    for standing in Points.objects.all():
        assert standing.balance == sum(
            Transaction.objects.filter(viewer=standing.viewer_id).values_list("delta", flat=True)
        )


def test_a_transaction_that_was_broken_off_is_tried_three_times_at_most() -> None:
    tries: list[int] = []

    @again_after_deadlock
    def succeed_at(number: int) -> str:
        tries.append(number)
        if len(tries) < number:
            raise OperationalError("deadlock detected")
        return "done"

    assert succeed_at(3) == "done" and len(tries) == 3
    tries.clear()
    with pytest.raises(OperationalError):
        succeed_at(4)
    assert len(tries) == 3
    tries.clear()
    with transaction.atomic(), pytest.raises(OperationalError):
        succeed_at(2)
    assert len(tries) == 1  # what surrounds it is lost, too


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, so no deadlocks")
def test_of_two_who_wait_for_each_other_one_is_broken_off_and_both_get_through(viewer: Callable[..., Viewer]) -> None:
    people = [viewer(name, points=10) for name in ("Ann", "Bob")]
    begun, tries = threading.Barrier(2), list[int]()

    @again_after_deadlock
    def take_from_both(number: int) -> None:
        tries.append(number)
        again = len(tries) > 2
        # Again in the other's order: in its own it could meet the other once more.
        first, second = (1 - number, number) if again else (number, 1 - number)
        with transaction.atomic():
            points.spend(people[first], 1, source="test", reference=f"{number}:first")
            if not again:
                begun.wait(10)
            points.spend(people[second], 1, source="test", reference=f"{number}:second")

    assert at_once(2, take_from_both) == [None, None]
    assert len(tries) == 3
    assert list(Points.objects.values_list("balance", flat=True)) == [8, 8]
