"""Four processes that merge viewers, undo that, and pay them meanwhile: nothing is lost, and nobody waits for ever."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from economy.ledger import audit, points, xp
from economy.models import XP, Item, ItemGrant, LevelReward, Merge, Points, Transaction, Viewer
from economy.viewers import inventory, merging, people
from effects.queue import items
from effects.registry import Effect
from joystick.settings_table import Rules
from redeems import purchase
from redeems.models import Redeem
from tests.processes import at_once_in_processes
from tests.threads import wait_for_a_waiter

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("stage")]

Make = Callable[..., Viewer]
# What an old row of Bob's is used for, and what New owns then, who had 30 points, 30 XP and a hat of Bob's.
Deed = Callable[[Viewer], object]

PROCESSES, VIEWERS = 4, 12
SECONDS = float(os.environ.get("STRESS_SECONDS", "5"))

PROGRAM = f"""
import random, sys, time
import django; django.setup()
from contextlib import suppress
from django.db import transaction
from django.utils import timezone
from economy.batches import batch
from economy.batches.target import Target
from economy.earning import pay
from economy.earning.pay import Award
from economy.ledger import points, xp
from economy.models import Merge, Transaction, Viewer
from economy.settings_table import EconomySettings
from economy.viewers import inventory, merging, people
from effects.queue import items
from effects.registry import Effect
from pixelbot_site.kit.errors import Refused

number = int(sys.argv[1])
rng, spent, turn, rules, batch.GAP = random.Random(number), [], 0, EconomySettings.current(), 0.01
everybody = list(Viewer.objects.order_by("id"))  # read once, so that most of it is out of date

def crowd():
    return [viewer.key for viewer in rng.sample(everybody, 5)]

def earn(cause):
    awards = [Award(name, "tip", f"{{cause}}:{{name}}", points=2, xp=30) for name in crowd()]
    pay.pay(awards, rules=rules, now=timezone.now())

def a_batch_of_events(cause):
    with transaction.atomic():
        earn(cause)
        giver, taker = (people.find(name) for name in crowd()[:2])
        with suppress(Refused):
            points.transfer(giver, taker, 3, source="give", reference=f"give:{{cause}}")
        people.seen(crowd(), now=timezone.now())
        earn(f"{{cause}}:again")
        inventory.give(people.find(crowd()[0]), "hat", 1, reference=f"hat:{{cause}}")

def merge(cause):
    merging.merge(*rng.sample(everybody, 2))

def undo(cause):
    merging.undo(Merge.objects.filter(undone_at=None).order_by("?")[0])

def a_batch(cause):
    done = batch.run(batch.plan("points", "add", 2, target=Target(ids=tuple(one.pk for one in rng.sample(everybody, 6)))))
    batch.run(batch.plan_reversal(done))

def spend(cause):
    spent.append(points.spend(rng.choice(everybody), 3, source="test", reference=cause))

def effect(kind, **payload):
    return lambda cause: items.enqueue(Effect(kind, payload), viewer=rng.choice(everybody))

deeds = [
    (20, earn), (20, a_batch_of_events), (12, merge), (12, undo), (3, a_batch), (10, spend),
    (8, lambda cause: points.refund(rng.choice(spent), reason="test")),
    (8, lambda cause: points.grant(rng.choice(everybody), 5, source="test", reference=cause)),
    (8, lambda cause: points.adjust(rng.choice(everybody), rng.choice([-4, 4]), source="test", reference=cause)),
    (8, lambda cause: points.transfer(*rng.sample(everybody, 2), 2, source="test", reference=cause)),
    (4, lambda cause: points.reverse(Transaction.objects.filter(kind="grant").order_by("-id")[rng.randrange(50)])),
    (5, lambda cause: xp.award(rng.choice(everybody), 40, source="test", reference=cause)),
    (5, lambda cause: xp.adjust(rng.choice(everybody), rng.choice([-20, 20]), source="test", reference=cause)),
    (8, effect("grant_points", points=2)), (8, effect("grant_item", item="hat")), (8, effect("grant_xp", xp=40)),
]
until = time.monotonic() + {SECONDS}
while time.monotonic() < until:
    turn += 1
    (_, deed), = rng.choices(deeds, [weight for weight, _ in deeds])
    with suppress(Refused, IndexError, ValueError):  # too few points; nothing to refund or undo yet; no XP to take
        deed(f"p:{{number}}:{{turn}}")
print("done", turn)
"""
"""Anything but a refusal ends it."""


def strays() -> list[object]:
    """Return what lies on the rows of viewers who are merged, who can't use it."""
    merged = Viewer.objects.exclude(merged_into=None)
    return [
        *Points.objects.filter(viewer__in=merged, balance__gt=0),
        *XP.objects.filter(viewer__in=merged, total__gt=0),
        *ItemGrant.objects.filter(viewer__in=merged),
    ]


def deadlocks() -> int:
    """Return how many transactions PostgreSQL broke off in this database so far. It counts with some delay."""
    if connection.vendor != "postgresql":
        return 0
    time.sleep(1.5)
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


@pytest.mark.journey
def test_beside_merges_nothing_strays_and_nothing_deadlocks() -> None:
    people.seen([f"viewer{number}" for number in range(VIEWERS)], now=timezone.now())
    Item.objects.create(key="hat", name="A hat")
    LevelReward.objects.create(
        level=1, repeats=True, points=3, line="", effects=[{"kind": "grant_item", "item": "hat"}]
    )
    before = deadlocks()
    answers = at_once_in_processes(PROCESSES, PROGRAM, within=SECONDS + 120)
    print(answers)
    assert [answer.split()[:1] for answer in answers] == [["done"]] * PROCESSES
    assert deadlocks() == before
    assert list(audit.findings()) == []
    assert strays() == []
    rows = Transaction.objects.aggregate(total=Sum("delta"))["total"]
    assert Points.objects.aggregate(total=Sum("balance"))["total"] == rows


def effect(kind: str, **payload: Any) -> Deed:
    return lambda viewer: items.enqueue(Effect(kind, payload), viewer=viewer)


def buy(viewer: Viewer) -> None:
    purchase.seed()
    Redeem.objects.filter(key="clip").update(cost=7)
    bought = purchase.buy(viewer=viewer, key="clip", words="", reference="r", rules=Rules.current(), now=timezone.now())
    assert bought.viewer.username == "New"


CAUSE: dict[str, Any] = {"source": "test", "reference": "t:1"}
DEEDS: dict[str, tuple[Deed, tuple[int, int, int]]] = {
    "points are granted": (lambda viewer: points.grant(viewer, 5, **CAUSE), (35, 30, 1)),
    "points are adjusted": (lambda viewer: points.adjust(viewer, -5, **CAUSE), (25, 30, 1)),
    "points are spent": (lambda viewer: points.spend(viewer, 5, **CAUSE), (25, 30, 1)),
    "points are given": (
        lambda viewer: points.transfer(Viewer.objects.get(key="ann"), viewer, 5, **CAUSE),
        (35, 30, 1),
    ),
    "points are given away": (
        lambda viewer: points.transfer(viewer, Viewer.objects.get(key="ann"), 5, **CAUSE),
        (25, 30, 1),
    ),
    "XP is awarded": (lambda viewer: xp.award(viewer, 5, **CAUSE), (30, 35, 1)),
    "XP is adjusted": (lambda viewer: xp.adjust(viewer, -5, **CAUSE), (30, 25, 1)),
    "an item is given": (lambda viewer: inventory.give(viewer, "hat", 2, reference="t:1"), (30, 30, 3)),
    "a prize is points": (effect("grant_points", points=5), (35, 30, 1)),
    "a prize is XP": (effect("grant_xp", xp=5), (30, 35, 1)),
    "a prize is an item": (effect("grant_item", item="hat", quantity=2), (30, 30, 3)),
    "a redeem is bought": (buy, (23, 30, 1)),
}


@pytest.mark.parametrize("what", DEEDS)
def test_what_happens_while_a_merge_is_being_written_happens_to_the_heir(viewer: Make, what: str) -> None:
    deed, owned = DEEDS[what]
    bob, new = viewer("Bob", points=30), viewer("New")
    viewer("Ann", points=5)
    Item.objects.create(key="hat", name="A hat")
    inventory.give(bob, "hat", 1, reference="t:0")
    xp.adjust(bob, 30, source="test", reference="t:0")

    def do() -> None:
        try:
            deed(bob)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            merging.merge(bob, new)
            done = pool.submit(do)
            wait_for_a_waiter()
        done.result(20)
    hats = ItemGrant.objects.filter(viewer=new).aggregate(total=Sum("quantity"))["total"]
    assert (Points.objects.get(pk=new.pk).balance, XP.objects.get(pk=new.pk).total, hats) == owned
    assert strays() == [] and list(audit.findings()) == []


def test_an_item_that_is_given_while_a_merge_waits_goes_with_it_and_comes_back(viewer: Make) -> None:
    bob, new = viewer("Bob"), viewer("New")
    Item.objects.create(key="hat", name="A hat")

    def merge() -> Merge:
        try:
            return merging.merge(bob, new)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            inventory.give(bob, "hat", 1, reference="t:1")
            done = pool.submit(merge)
            wait_for_a_waiter()
        merged = done.result(20)
    assert inventory.held(new) == [("A hat", 1)]
    merging.undo(merged)
    assert inventory.held(bob) == [("A hat", 1)] and inventory.held(new) == []
