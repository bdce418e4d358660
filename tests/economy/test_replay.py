"""Any sequence of operations, replayed from the rows, gives the balances."""

from __future__ import annotations

import contextlib
import itertools
from collections import defaultdict
from typing import Any

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from economy.batches import batch
from economy.batches.target import Target
from economy.earning.pay import Award, pay
from economy.ledger import audit, points, xp
from economy.models import XP, Merge, Points, Transaction, Viewer, XPTransaction
from economy.viewers import merging, people
from joystick.settings_table import Rules
from pixelbot_site.kit.errors import Refused

NAMES = ("Ann", "Bob", "Cat")

amounts = st.integers(1, 60)
who = st.sampled_from(NAMES)
steps = st.one_of(
    st.tuples(st.just("earn"), who, amounts),
    st.tuples(st.just("spend"), who, amounts),
    st.tuples(st.just("undo"), st.integers(0, 30), st.booleans()),
    st.tuples(st.just("adjust"), who, st.integers(-60, 60).filter(bool)),
    st.tuples(st.just("give"), who, who, amounts),
    st.tuples(st.just("xp"), who, st.integers(-300, 300).filter(bool)),
    st.tuples(st.just("batch"), st.sampled_from(["add", "subtract", "set"]), amounts, st.booleans()),
    st.tuples(st.just("reverse batch"), st.integers(0, 5)),
    st.tuples(st.just("merge"), who, who),
    st.tuples(st.just("unmerge"), st.integers(0, 3)),
)


class Replay(TestCase):
    """Each example in a transaction of its own."""

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(steps, max_size=25))
    def test_rows_give_the_balances(self, sequence: list[tuple[Any, ...]]) -> None:
        people.seen(NAMES, now=timezone.now())
        for number, step in enumerate(sequence):
            with contextlib.suppress(Refused, ValueError, IndexError):
                do(f"step:{number}", *step)
        assert replayed(Transaction, "balance_after") == dict(Points.objects.values_list("viewer_id", "balance"))
        assert replayed(XPTransaction, "total_after") == dict(XP.objects.values_list("viewer_id", "total"))
        assert list(audit.findings()) == []


def person(name: str) -> Viewer:
    return Viewer.objects.get(key=name.casefold())


def do(cause: str, what: str, *words: Any) -> None:  # noqa: C901 (a table)
    """One operation; Refused, ValueError or IndexError where there is nothing to do it to."""
    match what, words:
        case "earn", (name, amount):
            pay([Award(name, "tip", cause, points=amount, xp=amount)], rules=Rules.current(), now=timezone.now())
        case "spend", (name, amount):
            points.spend(person(name), amount, source="redeem", reference=cause)
        case "undo", (place, is_refund):
            row = (
                Transaction.objects.order_by("pk")[place : place + 1].get()
                if place < Transaction.objects.count()
                else None
            )
            if row is not None:
                points.refund(row, reason="") if is_refund else points.reverse(row)
        case "adjust", (name, delta):
            points.adjust(person(name), delta, source="test", reference=cause)
        case "give", (giver, taker, amount):
            points.transfer(person(giver), person(taker), amount, source="give", reference=cause)
        case "xp", (name, delta):
            xp.adjust(person(name), delta, source="test", reference=cause)
        case "batch", (operation, amount, is_xp):
            finish(batch.plan("xp" if is_xp else "points", operation, amount, target=Target()).pk)
        case "reverse batch", (place,):
            from economy.models import Batch

            finish(
                batch.plan_reversal(
                    Batch.objects.order_by("pk")[place : place + 1].get() if place < Batch.objects.count() else Batch()
                ).pk
            )
        case "merge", (source, target):
            merging.merge(person(source), person(target))
        case "unmerge", (place,):
            found = list(itertools.islice(Merge.objects.order_by("pk"), place, place + 1))
            merging.undo(found[0])


def finish(batch_id: int) -> None:
    from economy.models import Batch

    batch.start(Batch.objects.get(pk=batch_id))
    while batch.step(batch_id):
        pass


def replayed(model: Any, after: str) -> dict[int, int]:
    """The balances that the rows make, from nothing; each row must say what it leaves."""
    held: defaultdict[int, int] = defaultdict(int, dict.fromkeys(Viewer.objects.values_list("pk", flat=True), 0))
    for row in model.objects.order_by("pk"):
        held[row.viewer_id] += row.delta
        assert held[row.viewer_id] == getattr(row, after) >= 0
    return dict(held)
