"""The dashboard's pages of redeems."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from economy.models import Points, Viewer
from effects.models import Purchase, QueueItem
from redeems import purchase
from redeems.models import Redeem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken", "stage")]

FORM = {
    "key": "hug", "title": "Hug", "cost": 5, "pricing": "fixed", "global_cooldown_seconds": 0, "least_role": 0,
    "least_level": 1, "approval": "none", "priority": 0, "seconds": 0, "enabled": "on",
    "effects": '[{"kind": "alert", "text": "{user} hugs {text}"}]',
}  # fmt: skip
LIST, ADD = "/admin/redeems/redeem/", "/admin/redeems/redeem/add/"


@pytest.fixture(autouse=True)
def seeded(db: None) -> None:
    """The rows of the catalog."""
    purchase.seed()


def use_page(key: str) -> str:
    """Return the address of the button that uses the redeem."""
    return f"{LIST}{Redeem.objects.get(key=key).pk}/use/"


def mistakes(client: Client, **changes: Any) -> dict[str, list[str]]:
    """Return the mistakes that the form finds, by field; empty where the redeem was stored."""
    answer = client.post(ADD, FORM | changes)
    return {} if answer.status_code == 302 else dict(answer.context["adminform"].form.errors)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": "tts"}, "key"),
        ({"key": "points"}, "key"),
        ({"key": "two words"}, "key"),
        ({"key": ""}, "key"),
        ({"cost": -1}, "cost"),
        ({"stock": -1}, "stock"),
        ({"seconds": 3601}, "seconds"),
        ({"priority": 1001}, "priority"),
        ({"rate": 49}, "rate"),
        ({"volume": 1.1}, "volume"),
        ({"least_role": 99}, "least_role"),
        ({"effects": "[]"}, "effects"),
        ({"effects": "[1]"}, "effects"),
        ({"effects": "no list"}, "effects"),
        ({"effects": '[{"kind": "nosuch"}]'}, "effects"),
        ({"effects": '[{"kind": "alert"}]'}, "effects"),
        ({"effects": '[{"kind": "alert", "text": "hi", "colour": "red"}]'}, "effects"),
        ({"effects": '[{"kind": "alert", "text": "{tokens}"}]'}, "effects"),
        ({"effects": '[{"kind": "run_effects", "effects": [{"kind": "alert", "text": "{viewer}"}]}]'}, "effects"),
    ],
    ids=str,
)
def test_what_could_not_work_is_refused_beside_its_field(admin_client: Client, changes: Any, field: str) -> None:
    before = Redeem.objects.count()
    assert list(mistakes(admin_client, **changes)) == [field]
    assert Redeem.objects.count() == before


def test_a_redeem_of_effects_is_stored_with_its_key_in_small_letters(admin_client: Client) -> None:
    assert mistakes(admin_client, key="HUG") == {}
    row = Redeem.objects.get(key="hug")
    assert (row.title, row.cost, row.effects) == ("Hug", 5, json.loads(str(FORM["effects"])))


def test_a_placeholder_inside_a_sequence_may_be_one_that_is_known(admin_client: Client) -> None:
    steps = [{"kind": "run_effects", "effects": [{"kind": "alert", "text": "{user}: {text}"}]}]
    assert mistakes(admin_client, effects=json.dumps(steps)) == {}


def test_a_redeem_of_the_catalog_needs_no_effects_and_keeps_its_key(admin_client: Client) -> None:
    row = Redeem.objects.get(key="clip")
    answer = admin_client.post(f"{LIST}{row.pk}/change/", FORM | {"key": "other", "effects": "[]", "title": "Clip it"})
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.key, row.title) == ("clip", "Clip it")


def test_a_redeem_of_the_catalog_can_not_be_deleted_and_one_of_effects_can(admin_client: Client) -> None:
    mine = Redeem.objects.create(key="hug", title="Hug", effects=[{"kind": "chat_line", "text": "hug"}])
    clip = Redeem.objects.get(key="clip")
    assert admin_client.post(f"{LIST}{mine.pk}/delete/", {"post": "yes"}).status_code == 302
    assert admin_client.post(f"{LIST}{clip.pk}/delete/", {"post": "yes"}).status_code == 403
    both = {"action": "delete_selected", "_selected_action": [clip.pk], "post": "yes"}
    admin_client.post(LIST, both)
    assert set(Redeem.objects.filter(key__in=["clip", "hug"]).values_list("key", flat=True)) == {"clip"}


def test_using_a_redeem_gives_it_away_or_charges_the_viewer(
    admin_client: Client, viewer: Callable[..., Viewer]
) -> None:
    bob = viewer("Bob", points=100)
    page = admin_client.post(use_page("tts"), {"viewer": "bob", "words": " hello "}, follow=True)
    assert "Added to the queue: " in page.text
    gift = QueueItem.objects.get()
    assert (gift.payload["text"], gift.viewer, gift.purchase) == ("hello", bob, None)
    assert Points.objects.get(viewer=bob).balance == 100
    admin_client.post(use_page("tts"), {"viewer": "Bob", "words": "hello", "charge": "on"})
    assert Points.objects.get(viewer=bob).balance == 75 and Purchase.objects.get().redeem == "tts"


def test_a_refused_use_shows_the_reason_as_a_sentence(admin_client: Client, viewer: Callable[..., Viewer]) -> None:
    viewer("Bob", points=10)
    page = admin_client.post(use_page("tts"), {"viewer": "Bob", "words": "hello", "charge": "on"}, follow=True)
    assert "You need 15 more points (you have 10)." in page.text
    assert 'value="Bob"' in page.text and 'value="hello"' in page.text and 'name="charge" checked' in page.text
    assert not QueueItem.objects.exists()


def test_using_a_redeem_takes_a_post_and_the_permission_to_change_redeems(
    staff: Callable[..., Client], viewer: Callable[..., Viewer]
) -> None:
    viewer("Bob")
    looker = staff("view_redeem")
    assert looker.post(use_page("clip"), {"viewer": "Bob"}).status_code == 403
    user = get_user_model().objects.get(username="mo")
    user.user_permissions.add(Permission.objects.get(codename="change_redeem"))
    assert looker.get(use_page("clip"), {"viewer": "Bob"}).status_code == 403
    assert not QueueItem.objects.exists()
    assert looker.post(use_page("clip"), {"viewer": "Bob"}).status_code == 302
    assert QueueItem.objects.get().kind == "obs_clip"


def test_who_may_only_look_changes_nothing(staff: Callable[..., Client]) -> None:
    looker = staff("view_redeem")
    clip = Redeem.objects.get(key="clip")
    assert looker.get(LIST).status_code == looker.get(f"{LIST}{clip.pk}/change/").status_code == 200
    for path in (ADD, f"{LIST}{clip.pk}/change/", f"{LIST}{clip.pk}/delete/"):
        assert looker.post(path, FORM | {"post": "yes"}).status_code == 403


def test_prices_are_changed_in_the_list(admin_client: Client) -> None:
    rows = list(Redeem.objects.order_by("key"))
    form: dict[str, Any] = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "_save": "Save"}
    for number, row in enumerate(rows):
        form |= {
            f"form-{number}-id": row.pk,
            f"form-{number}-title": row.title,
            f"form-{number}-cost": 77 if row.key == "clip" else row.cost,
            f"form-{number}-cooldown_seconds": "",
            f"form-{number}-global_cooldown_seconds": 0,
        }
    assert admin_client.post(LIST, form).status_code == 302
    assert Redeem.objects.get(key="clip").cost == 77
    assert not Redeem.objects.filter(enabled=True).exists()


def test_a_form_that_is_sent_twice_buys_once(admin_client: Client, viewer: Callable[..., Viewer]) -> None:
    bob = viewer("Bob", points=100)
    page = admin_client.get(f"{LIST}{Redeem.objects.get(key='tts').pk}/change/")
    form = {"viewer": "Bob", "words": "hello", "charge": "on", "use_key": page.context["use_key"]}
    for _ in range(2):
        answer = admin_client.post(use_page("tts"), form, follow=True)
    assert "This was done already." in answer.text
    assert QueueItem.objects.count() == 1 and Points.objects.get(viewer=bob).balance == 75


def test_a_redeem_is_used_for_a_name_that_was_never_seen(admin_client: Client) -> None:
    page = admin_client.post(use_page("tts"), {"viewer": " @NewMoth ", "words": "hello"}, follow=True)
    assert "Added to the queue" in page.text
    item = QueueItem.objects.get()
    assert item.viewer is not None and item.viewer.username == "NewMoth"
    assert "NewMoth was never seen before, and is a viewer now." in page.text
    again = admin_client.post(use_page("tts"), {"viewer": "newmoth", "words": "again"}, follow=True)
    assert "never seen before" not in again.text
    assert Viewer.objects.count() == 1


@pytest.mark.parametrize("asked", [{"viewer": "x" * 101}, {"viewer": "a\nb"}, {"viewer": " "}, {"charge": "on"}])
def test_a_refusal_stores_no_new_viewer(admin_client: Client, asked: dict[str, str]) -> None:
    page = admin_client.post(use_page("tts"), {"viewer": "NewMoth", "words": "hello"} | asked, follow=True)
    assert page.context["messages"]
    assert (Viewer.objects.count(), QueueItem.objects.count()) == (0, 0)
