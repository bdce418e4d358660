"""The redeems on a viewer's card, and the button that gives their points back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from economy.ledger import audit, points
from economy.models import Points, Transaction, Viewer
from effects.models import Deed, Purchase, QueueItem, State
from effects.queue import control
from effects.queue.upkeep import cleanup
from redeems.models import Redeem
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken", "stage")]

Order = Callable[..., QueueItem]


@pytest.fixture(autouse=True)
def stock(order: Order) -> None:
    Redeem.objects.filter(key="tts").update(cost=25, pricing="fixed", stock=5, cooldown_seconds=60)


def press(client: Client, purchase: Purchase) -> Any:
    return client.post(f"/admin/effects/queueitem/purchase/{purchase.pk}/give-back/", follow=True)


def bought(item: QueueItem) -> Purchase:
    assert item.purchase is not None
    return item.purchase


def rows(page: Any) -> list[str]:
    """Return the rows of the card's redeems, without markup."""
    table = page.text.partition('id="purchases"')[2].partition("</table>")[0].partition("<tbody>")[2]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in table.split("</tr>")[:-1]]


def held() -> tuple[int, int | None]:
    """Return Bob's points, and the stock."""
    return Points.objects.get(viewer__key="bob").balance, Redeem.objects.get(key="tts").stock


def test_what_waits_is_cancelled_and_everything_goes_back(admin_client: Client, order: Order, said: list[str]) -> None:
    item = order("tts", "hello")
    assert held() == (975, 4)
    page = admin_client.get(f"/admin/economy/viewer/{bought(item).viewer_id}/change/")
    assert rows(page)[0].endswith("25 Pending Give back")
    page = press(admin_client, bought(item))
    assert "The points are back." in page.text
    assert rows(page)[0].endswith("25 Cancelled, given back")
    item.refresh_from_db()
    assert (item.state, item.by, held()) == (State.CANCELLED, "admin", (1000, 5))
    assert "The points were given back before." in press(admin_client, bought(item)).text
    assert held() == (1000, 5)
    assert list(audit.findings()) == []


@pytest.mark.django_db(transaction=True)
def test_the_viewer_is_told_of_what_was_cancelled(order: Order, said: list[str]) -> None:
    control.give_back(bought(order("tts", "hello")), by="fox")
    assert said == ["@Bob sorry, that did not happen: it was cancelled. Your 25 points are back."]


def test_of_what_has_happened_the_points_go_back_once_and_the_stock_does_not(
    admin_client: Client, order: Order
) -> None:
    item = order("tts", "hello")
    QueueItem.objects.filter(pk=item.pk).update(state=State.DONE, finished_at=timezone.now())
    for sentence in ("The points are back.", "The points were given back before."):
        page = press(admin_client, bought(item))
        assert sentence in page.text and rows(page)[0].endswith("25 Done, given back")
        assert held() == (1000, 4)
    assert list(Deed.objects.values_list("by", "what")) == [("admin", "its points were given back")]
    refund = Transaction.objects.get(kind="refund")
    assert (refund.undoes, refund.by) == (bought(item).payment, "admin")
    assert list(audit.findings()) == []


def test_what_the_ledger_gave_back_has_no_button(admin_client: Client, order: Order) -> None:
    purchase = bought(order("tts", "hello"))
    QueueItem.objects.update(state=State.DONE)
    assert purchase.payment is not None
    points.reverse(purchase.payment, by="fox")
    page = admin_client.get(f"/admin/economy/viewer/{purchase.viewer_id}/change/")
    assert rows(page)[0].endswith("25 Done, given back")
    press(admin_client, purchase)
    assert held() == (1000, 4)


def test_what_was_free_or_long_ago_is_shown_and_has_no_button(admin_client: Client, order: Order) -> None:
    paid = order("tts", "hello")
    Redeem.objects.filter(key="tts").update(cost=0, cooldown_seconds=0)
    free = order("tts", "hello", now=timezone.now() + timedelta(days=1))
    QueueItem.objects.filter(pk=paid.pk).delete()
    page = admin_client.get(f"/admin/economy/viewer/{bought(free).viewer_id}/change/")
    assert rows(page)[0].endswith("free Pending")
    assert rows(page)[1].endswith("25 Long ago Give back")
    assert "were given back before" in press(admin_client, bought(free)).text
    assert "The points are back." in press(admin_client, bought(paid)).text
    assert held()[0] == 1000


def test_a_balance_at_its_maximum_keeps_the_purchase_as_it_was(admin_client: Client, order: Order) -> None:
    purchase = bought(order("tts", "hello"))
    QueueItem.objects.update(state=State.DONE)
    points.grant(purchase.viewer, 10**12 - 975, source="test", reference="all")
    assert "could not be given back: nobody can have more" in press(admin_client, purchase).text
    purchase.refresh_from_db()
    assert purchase.refunded_at is None


def test_it_takes_the_permission_to_change_the_queue(order: Order) -> None:
    purchase = bought(order("tts", "hello"))
    user = get_user_model().objects.create_user("mo", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_viewer", "view_queueitem"]))
    client = Client()
    client.force_login(user)
    page = client.get(f"/admin/economy/viewer/{purchase.viewer_id}/change/")
    assert rows(page) and "Give back" not in page.text
    assert press(client, purchase).status_code == 403
    assert held() == (975, 4)


def test_a_link_gives_nothing_back(admin_client: Client, order: Order) -> None:
    purchase = bought(order("tts", "hello"))
    assert admin_client.get(f"/admin/effects/queueitem/purchase/{purchase.pk}/give-back/").status_code == 403
    assert held() == (975, 4)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", [State.PENDING, State.DONE])
def test_many_who_press_at_once_give_it_back_once(order: Order, state: State) -> None:
    purchase = bought(order("tts", "hello"))
    QueueItem.objects.update(state=state)
    results = at_once(6, lambda number: control.give_back(purchase, by=f"mo{number}"))
    assert sorted(map(bool, results)) == [False] * 5 + [True]
    assert held()[0] == 1000
    assert Transaction.objects.filter(kind="refund").count() == 1


def test_who_is_forgotten_leaves_no_words_on_the_card(
    admin_client: Client, order: Order, viewer: Callable[..., Viewer]
) -> None:
    item = order("tts", "my innermost thoughts")
    QueueItem.objects.filter(pk=item.pk).update(state=State.DONE)
    cleanup.forget(bought(item).viewer)
    page = admin_client.get(f"/admin/economy/viewer/{bought(item).viewer_id}/change/")
    assert "innermost" not in page.text
