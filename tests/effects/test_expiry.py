"""Many items that wait too long at once: ended and refunded by the piece, also while the inbox is busy."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from economy import cooldowns
from economy.ledger import accounts, audit, points
from economy.models import Points, Transaction, TransactionKind, Viewer
from economy.viewers import merging, people
from effects.models import Purchase, QueueItem, State
from effects.queue.upkeep import rescue
from joystick.simulator.happenings import tip
from redeems import purchase
from redeems.models import Redeem
from tests.processes import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken")]

ITEMS, VIEWERS, PRICE, WEALTH = 200, 50, 25, 1000


def buy(viewers: list[Viewer], many: int) -> None:
    """Store items that were paid for and have waited too long."""
    late = timezone.now() - timedelta(seconds=1)
    for number in range(many):
        viewer = viewers[number % len(viewers)]
        payment = points.spend(viewer, PRICE, source="redeem", reference=f"r:{number}")
        purchase = Purchase.objects.create(viewer=viewer, redeem="thing", payment=payment)
        state = State.PENDING if number % 4 else State.WAITING
        QueueItem.objects.create(
            kind="speak", lane="tts", viewer=viewer, purchase=purchase, state=state, expires_at=late, title="a line"
        )


@contextmanager
def busy_inbox(deliver: Callable[..., None], names: list[str]) -> Iterator[list[float]]:
    """Receive tips of these viewers in a thread of its own, batch after batch; yield how long each took."""
    over, took, chance = threading.Event(), list[float](), random.Random(7)

    def receive() -> None:
        while not over.is_set():
            began = time.perf_counter()
            deliver(*(tip(chance.choice(names), 10) for _ in range(200)))
            took.append(time.perf_counter() - began)
        connection.close()

    thread = threading.Thread(target=receive)
    thread.start()
    yield took
    over.set()
    thread.join()


@pytest.fixture
def crowd() -> list[Viewer]:
    """Viewers with points."""
    found = list(people.seen([f"viewer{number}" for number in range(VIEWERS)], now=timezone.now()).values())
    for viewer in found:
        points.grant(viewer, WEALTH, source="test", reference=f"start:{viewer.pk}")
    return found


@pytest.mark.journey
def test_hundreds_are_refunded_while_the_inbox_is_busy(crowd: list[Viewer], deliver: Callable[..., None]) -> None:
    """Each piece waits for one batch at most: what takes the write lock is counted, for batches last as they can."""
    buy(crowd, ITEMS)
    with busy_inbox(deliver, [viewer.username for viewer in crowd]) as batches:
        wait_until(lambda: len(batches) > 2, "the inbox is busy", within=60)
        before, began = len(batches), time.perf_counter()
        with CaptureQueriesContext(connection) as queries:
            rescue.rescue()
        waited, seconds = len(batches) - before, time.perf_counter() - began
    print(f"{ITEMS} refunded in {seconds:.2f} s, beside {waited} batches of {max(batches):.2f} s at most")
    assert len([query for query in queries if query["sql"].startswith("BEGIN")]) < ITEMS / 10
    assert set(QueueItem.objects.values_list("state", flat=True)) == {State.EXPIRED}
    assert Transaction.objects.filter(kind=TransactionKind.REFUND).count() == ITEMS
    assert list(audit.findings()) == []


def test_a_piece_takes_a_few_statements(crowd: list[Viewer]) -> None:
    buy(crowd, 2 * VIEWERS)
    with CaptureQueriesContext(connection) as queries:
        rescue.rescue()
    assert not QueueItem.objects.exclude(state=State.EXPIRED).exists()
    # Reactions are cached in life, and read anew each time in tests.
    assert len([query for query in queries if "joystick_reaction" not in query["sql"]]) < 40


def test_everything_goes_back_once_whatever_was_bought(crowd: list[Viewer], said: list[str]) -> None:
    purchase.seed()
    Redeem.objects.filter(key="clip").update(stock=3)
    now = timezone.now()
    until = {"redeem.clip": now + timedelta(hours=1), "redeem.clip:bob": now - timedelta(hours=1)}
    for key, end in until.items():
        cooldowns.extend(key, until=end)
    buy(crowd, 5)
    plain, stocked, cooled, merged, twice = Purchase.objects.order_by("pk")
    Purchase.objects.filter(pk=stocked.pk).update(took_stock=True, redeem="clip")
    Purchase.objects.filter(pk=cooled.pk).update(cooldowns={key: end.isoformat() for key, end in until.items()})
    merging.merge(merged.viewer, crowd[9])
    late = {"expires_at": now - timedelta(seconds=1), "kind": "speak", "lane": "tts", "title": "a line"}
    QueueItem.objects.create(viewer=twice.viewer, purchase=twice, **late)
    QueueItem.objects.create(viewer=crowd[8], part_of="the wheel", **late)
    running = QueueItem.objects.create(state=State.RUNNING, lease_until=now + timedelta(minutes=1), **late)

    rescue.rescue()

    assert set(QueueItem.objects.exclude(pk=running.pk).values_list("state", flat=True)) == {State.EXPIRED}
    assert QueueItem.objects.get(pk=running.pk).state == State.RUNNING
    assert Transaction.objects.filter(kind=TransactionKind.REFUND).count() == 5
    assert not Purchase.objects.filter(refunded_at=None).exists()
    for bought in (plain, stocked, cooled, twice):
        assert Points.objects.get(pk=bought.viewer_id).balance == WEALTH
    assert Points.objects.get(pk=crowd[9].pk).balance == 2 * WEALTH
    assert Redeem.objects.get(key="clip").stock == 4
    assert cooldowns.running(until, now=now) == set()
    assert len(said) == 6 and sum("a part of the wheel" in line for line in said) == 1
    assert list(audit.findings()) == []
    rescue.rescue()
    assert Transaction.objects.filter(kind=TransactionKind.REFUND).count() == 5


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite locks no rows: it has one writer")
def test_only_those_whose_account_is_held_wait_for_it(crowd: list[Viewer]) -> None:
    buy(crowd, VIEWERS)
    waiting = QueueItem.objects.exclude(state=State.EXPIRED)
    with transaction.atomic():
        accounts.lock(crowd[1].pk)
        thread = threading.Thread(target=rescue_and_close)
        thread.start()
        wait_until(lambda: waiting.count() == 1, "all others are refunded")
    thread.join(20)
    assert not waiting.exists()


def rescue_and_close() -> None:
    """Run `rescue` in a thread of its own."""
    rescue.rescue()
    connection.close()
