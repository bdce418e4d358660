"""Giving points on the index: to somebody who is named, once, with a sentence for what can't be."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from economy.ledger.accounts import MAX_BALANCE
from economy.models import Points, Transaction, Viewer
from economy.viewers import presence

pytestmark = pytest.mark.django_db


def give(client: Client, **form: str) -> str:
    data = {"viewer": "Bob", "amount": "500", "reason": "By hand", "by_hand_key": str(uuid4())} | form
    return client.post(reverse("give-points"), data, follow=True).text


def test_points_are_given_to_who_is_named(admin_client: Client, viewer: Callable[..., Viewer]) -> None:
    viewer("Bob", points=20)
    assert "<bdi>Bob</bdi> now has 520 points." in give(admin_client, viewer="@bob", reason="a prize")
    row = Transaction.objects.latest("pk")
    assert (row.delta, row.reason, row.by, row.source) == (500, "a prize", "admin", "dashboard")
    assert "<bdi>Bob</bdi> now has 420 points." in give(admin_client, amount="-100")


def test_what_was_typed_is_kept_once_where_it_is_refused(admin_client: Client, viewer: Callable[..., Viewer]) -> None:
    viewer("Bob")
    page = give(admin_client, viewer="Bobb", amount="1.5", reason='won "the" quiz')
    for value in ("Bobb", "1.5", "won &quot;the&quot; quiz"):
        assert f'value="{value}"' in page
    assert 'value="Bobb"' not in admin_client.get(reverse("admin:index")).text
    assert 'value="500"' not in give(admin_client)


def test_pressed_twice_it_pays_once(admin_client: Client, viewer: Callable[..., Viewer]) -> None:
    viewer("Bob")
    key = str(uuid4())
    for _ in range(2):
        assert "now has 500 points" in give(admin_client, by_hand_key=key)
    assert Points.objects.get(viewer__key="bob").balance == 500


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"viewer": "Nobody"}, "There is no viewer called “Nobody”. Nothing was given."),
        ({"viewer": ""}, "Name a viewer."),
        ({"viewer": "<b>x"}, "There is no viewer called “&lt;b&gt;x”."),
        ({"amount": "many"}, "Enter a whole number."),
        ({"amount": "0"}, "Write how many to give, or to take with a minus."),
        ({"amount": "-501"}, "Only 20 points can be taken."),
        ({"amount": str(MAX_BALANCE)}, f"Nobody can have more than {MAX_BALANCE} points."),
        ({"reason": ""}, "This field is required."),
    ],
)
def test_what_can_not_be_gets_a_sentence(
    admin_client: Client, viewer: Callable[..., Viewer], form: dict[str, str], sentence: str
) -> None:
    viewer("Bob", points=20)
    assert sentence in give(admin_client, **form)
    assert Points.objects.get(viewer__key="bob").balance == 20


def test_the_names_of_who_is_here_are_offered(admin_client: Client, viewer: Callable[..., Viewer]) -> None:
    presence.mark(here=[viewer("Bob")], gone=[], seconds=60, now=timezone.now())
    viewer("Ann")
    page = admin_client.get("/admin/").text
    assert '<option value="Bob">' in page
    assert '<option value="Ann">' not in page


def test_it_is_for_who_may_change_points(client: Client, viewer: Callable[..., Viewer]) -> None:
    viewer("Bob")
    mo = get_user_model().objects.create_user("mo", is_staff=True)
    client.force_login(mo)
    change = Permission.objects.get(codename="change_points")
    mo.user_permissions.set([change])  # who may give, but not see whom
    assert "Give points to" not in client.get("/admin/").text
    assert client.post(reverse("give-points"), {"viewer": "Bob", "amount": "5"}).status_code == 403
    mo.user_permissions.set([Permission.objects.get(codename="view_viewer")])
    assert "Give points to" not in client.get("/admin/").text
    assert client.post(reverse("give-points"), {"viewer": "Bob", "amount": "5"}).status_code == 403
    mo.user_permissions.add(change)
    assert "Give points to" in client.get("/admin/").text
