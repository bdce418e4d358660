"""Eight processes at the same twenty balances. Whatever they do, the ledger agrees with itself."""

from __future__ import annotations

import pytest
from django.db.models import Sum
from django.utils import timezone

from economy.ledger import audit
from economy.models import Points, Transaction, TransactionKind
from economy.viewers import people
from tests.processes import at_once_in_processes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey]

PROCESSES, OPERATIONS, VIEWERS = 8, 400, 20

PROGRAM = f"""
import random, sys
import django; django.setup()
from economy.ledger import points
from economy.models import Viewer
from pixelbot_site.kit.errors import Refused

number = int(sys.argv[1])
rng, people, spent = random.Random(number), list(Viewer.objects.order_by("id")), []
for turn in range({OPERATIONS}):
    who, other, roll, cause = rng.choice(people), rng.choice(people), rng.random(), f"p:{{number}}:{{turn}}"
    try:
        if roll < 0.35:
            points.grant(who, rng.randint(1, 20), source="test", reference=cause)
        elif roll < 0.65:
            spent.append(points.spend(who, rng.randint(1, 30), source="test", reference=cause))
        elif roll < 0.80 and spent:
            points.refund(rng.choice(spent), reason="test")
        elif roll < 0.90:
            points.transfer(who, other, rng.randint(1, 10), source="test", reference=cause)
        else:
            points.adjust(who, rng.choice([-5, 5]), source="test", reference=cause)
    except Refused:
        pass
print("done")
"""
"""Grants, spends, refunds (of its own spends, some again), transfers, adjustments. Anything but Refused ends it."""


def test_whatever_many_do_at_once_the_ledger_agrees_with_itself() -> None:
    people.seen([f"viewer{number}" for number in range(VIEWERS)], now=timezone.now())
    assert at_once_in_processes(PROCESSES, PROGRAM, within=240) == ["done"] * PROCESSES
    assert list(audit.findings()) == []
    rows = Transaction.objects
    assert rows.count() > PROCESSES * OPERATIONS / 2

    def total(*kinds: TransactionKind) -> int:
        return rows.filter(kind__in=kinds).aggregate(total=Sum("delta"))["total"] or 0

    assert total(TransactionKind.TRANSFER) == 0
    assert -total(TransactionKind.SPEND, TransactionKind.REFUND) <= total(TransactionKind.GRANT, TransactionKind.ADJUST)
    left = Points.objects.aggregate(total=Sum("balance"))["total"]
    assert left == total(*TransactionKind)
    assert Points.objects.order_by("balance").first().balance >= 0  # type: ignore[union-attr]
