"""A purchase keeps its payment: whichever item of it does not happen, everything goes back, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from economy.ledger import audit, points
from economy.models import Points, Transaction, TransactionKind, Viewer
from economy.viewers import forgetting, merging
from effects.models import Purchase, QueueItem, State
from effects.queue import control, items, playback, worker
from effects.queue.upkeep import cleanup
from effects.registry import Effect, OverlayTask
from pixelbot_site.kit.errors import Refused
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken")]


@pytest.fixture
def bought(viewer: Callable[..., Viewer], kind: Callable[..., str]) -> Purchase:
    """Bob, who had 1,000 points, paid 25 for two effects of the lane `test`, which wait side by side."""
    bob = viewer("Bob", points=1000)
    payment = points.spend(bob, 25, source="redeem", reference="r:1")
    purchase = Purchase.objects.create(viewer=bob, redeem="thing", payment=payment)
    kind("show", lambda item: OverlayTask({"type": "show", "user": "Bob"}, seconds=2))
    for _ in range(2):
        items.enqueue(Effect("show", {}, "a thing"), viewer=bob, purchase=purchase)
    return purchase


def balance(key: str = "bob") -> int:
    return Points.objects.get(viewer__key=key).balance


def refunds() -> int:
    return Transaction.objects.filter(kind=TransactionKind.REFUND).count()


def test_each_effect_of_a_sequence_points_to_the_purchase_and_one_of_them_refunds_it(
    bought: Purchase, kind: Callable[..., str], frames: list[Any], said: list[str]
) -> None:
    def refuse(item: QueueItem) -> None:
        raise Refused("OBS is away")

    control.clear("test", by="fox")
    said.clear()
    kind("refuse", refuse), kind("note", lambda item: None)
    paid = points.spend(bought.viewer, 40, source="redeem", reference="r:2")
    purchase = Purchase.objects.create(viewer=bought.viewer, redeem="party", payment=paid)
    steps = [{"kind": "note"}, {"kind": "show"}, {"kind": "refuse"}, {"kind": "note"}]
    items.enqueue(Effect("run_effects", {"effects": steps}), viewer=bought.viewer, purchase=purchase)
    worker.drain("test")
    playback.finished(QueueItem.objects.get(kind="show", purchase=purchase).pk, 1)
    worker.drain("test")
    performed = [item.kind for item in purchase.items.order_by("pk") if item.kind != "run_effects"]
    assert performed == ["note", "show", "refuse"]
    assert purchase.items.latest("pk").state == State.FAILED
    assert balance() == 1000 and refunds() == 2 and len(said) == 1
    purchase.refresh_from_db()
    assert purchase.refunded_at is not None and list(audit.findings()) == []


def test_the_second_item_that_does_not_happen_gives_nothing_back_and_says_nothing(
    bought: Purchase, said: list[str]
) -> None:
    assert control.clear("test", by="fox") == 2
    assert balance() == 1000 and refunds() == 1
    assert said == ["@Bob sorry, that did not happen: the queue was cleared. Your 25 points are back."]


@pytest.mark.parametrize("repetition", range(5))
def test_two_items_that_fail_at_the_same_moment_refund_once(
    bought: Purchase, frames: list[Any], said: list[str], repetition: int
) -> None:
    both = list(bought.items.order_by("pk"))
    ended = at_once(2, lambda number: items.end(both[number], State.FAILED, "the lamp is broken"))
    assert ended == [True, True]
    assert set(bought.items.values_list("state", flat=True)) == {State.FAILED}
    assert balance() == 1000 and refunds() == 1 and len(said) == 1 and list(audit.findings()) == []


def test_what_is_skipped_without_a_refund_keeps_the_payment(bought: Purchase, frames: list[Any]) -> None:
    worker.drain("test")
    control.skip("test", by="fox", refund=False)
    bought.refresh_from_db()
    assert bought.refunded_at is None and balance() == 975


def test_merging_moves_purchases_and_the_refund_goes_to_who_is_left(
    bought: Purchase, viewer: Callable[..., Viewer], said: list[str]
) -> None:
    robert = viewer("Robert", points=5)
    row = merging.merge(bought.viewer, robert, by="fox")
    bought.refresh_from_db()
    assert bought.viewer == robert
    control.clear("test", by="fox")
    assert (balance("bob"), balance("robert")) == (0, 1005) and list(audit.findings()) == []
    merging.undo(row)
    bought.refresh_from_db()
    assert bought.viewer.key == "bob"


def test_who_is_forgotten_leaves_no_name_in_purchases_either(bought: Purchase, frames: list[Any]) -> None:
    Purchase.objects.update(cooldowns={"redeem.thing:bob": "2026-08-01T20:00:00+00:00"})
    worker.drain("test")
    forgetting.forget(bought.viewer)
    bought.refresh_from_db()
    assert bought.cooldowns  # what plays still may have to give them back
    control.panic(by="fox")
    cleanup.tidy()
    for row in (*Purchase.objects.values(), *QueueItem.objects.values()):
        assert "bob" not in str(row).casefold()


def test_purchases_are_tidied_away_with_their_items(bought: Purchase, frames: list[Any]) -> None:
    later = timezone.now() + timedelta(days=400)
    first, _ = bought.items.order_by("pk")
    assert control.cancel(first, by="fox")
    cleanup.tidy(now=later)
    assert Purchase.objects.count() == QueueItem.objects.count() == 1
    control.clear("test", by="fox")
    cleanup.tidy(now=later)
    assert not Purchase.objects.exists() and not QueueItem.objects.exists()
    assert Transaction.objects.filter(kind=TransactionKind.SPEND).count() == 1


def test_the_dashboard_filters_by_redeem_and_shows_what_was_paid(bought: Purchase, admin_client: Client) -> None:
    other = items.enqueue(Effect("show", {}, "nobody's"))
    page = admin_client.get("/admin/effects/queueitem/?redeem=thing")
    shown = list(page.context["cl"].queryset)
    assert len(shown) == 2 and other not in shown and "?redeem=thing" in page.text
    page = admin_client.get(f"/admin/effects/queueitem/{shown[0].pk}/change/")
    assert str(bought.payment) in page.text and "thing" in page.text
