"""What PostgreSQL breaks off, since two transactions wait for each other, is done all the same."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import OperationalError, connection, models, transaction
from django.utils import timezone

from economy.ledger import audit
from economy.models import XP, Merge, Points, Viewer
from economy.viewers import merging
from effects.models import Purchase, QueueItem, State
from effects.queue import items
from joystick.settings_table import Rules
from redeems import purchase
from redeems.models import Redeem
from tests.threads import wait_for_a_waiter

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("stage"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, so no deadlocks"),
]

Make = Callable[..., Viewer]


def buy(viewer: Viewer) -> Purchase:
    return purchase.buy(viewer=viewer, key="clip", words="", reference="r", rules=Rules.current(), now=timezone.now())


def against(
    step: Callable[[], object], *, second: models.QuerySet[models.Model], first: models.QuerySet[models.Model]
) -> None:
    """Run `step`, which locks `first` and then `second`, beside a transaction that locks them the other way round."""

    def run() -> None:
        try:
            step()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with suppress(OperationalError), transaction.atomic():  # PostgreSQL may break off either of the two
            list(second.select_for_update())
            done = pool.submit(run)
            wait_for_a_waiter()
            list(first.select_for_update())
        done.result(30)


@pytest.fixture
def ann(viewer: Make) -> Viewer:
    """Ann has 100 points; a clip costs 10."""
    purchase.seed()
    Redeem.objects.filter(key="clip").update(cost=10)
    return viewer("Ann", points=100)


def test_a_merge_is_tried_again(ann: Viewer, viewer: Make) -> None:
    new = viewer("New")
    against(
        lambda: merging.merge(ann, new),
        first=Viewer.objects.filter(pk=ann.pk),
        second=XP.objects.filter(pk=ann.pk),
    )
    assert Merge.objects.count() == 1 and Points.objects.get(pk=new.pk).balance == 100
    assert list(audit.findings()) == []


def test_undoing_a_merge_is_tried_again(ann: Viewer, viewer: Make) -> None:
    row = merging.merge(ann, viewer("New"))
    against(lambda: merging.undo(row), first=Viewer.objects.filter(pk=ann.pk), second=XP.objects.filter(pk=ann.pk))
    assert Points.objects.get(pk=ann.pk).balance == 100
    assert list(audit.findings()) == []


def test_a_purchase_is_tried_again_and_paid_once(ann: Viewer) -> None:
    against(lambda: buy(ann), first=Points.objects.filter(pk=ann.pk), second=Redeem.objects.filter(key="clip"))
    assert Purchase.objects.count() == QueueItem.objects.count() == 1
    assert Points.objects.get(pk=ann.pk).balance == 90
    assert list(audit.findings()) == []


def test_a_refund_is_tried_again_and_comes_once(ann: Viewer) -> None:
    item = buy(ann).items.get()
    against(
        lambda: items.end(item, State.CANCELLED, "no"),
        first=QueueItem.objects.filter(pk=item.pk),
        second=Points.objects.filter(pk=ann.pk),
    )
    item.refresh_from_db()
    assert item.state == State.CANCELLED and Points.objects.get(pk=ann.pk).balance == 100
    assert list(audit.findings()) == []
