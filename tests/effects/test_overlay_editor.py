"""The editor of an overlay: which pages may be framed, the places of the presets, and who may use them."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from effects.admin.widgets import MAX_DRAFTS
from effects.models import Format, Overlay
from effects.overlays.layout import new_row
from effects.overlays.registry import Box, widgets

pytestmark = pytest.mark.django_db

LIST = "/admin/effects/overlay/"


@pytest.fixture
def overlay() -> Overlay:
    return Overlay.objects.create(name="Main")


def helper(*codenames: str) -> Client:
    """Return the client of a helper who holds some permissions."""
    user = User.objects.create_user("helper", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def form(overlay: Overlay, **more: str) -> dict[str, Any]:
    """Return the form of an overlay as its page sends it."""
    rows = list(overlay.widgets.order_by("order", "id"))
    fields: dict[str, Any] = {"name": overlay.name, "theme": "calm", "format": overlay.format, "sound": "on"}
    fields |= {"widgets-TOTAL_FORMS": len(rows), "widgets-INITIAL_FORMS": len(rows)}
    for at, row in enumerate(rows):
        values = {name: getattr(row, name) for name in ("id", "kind", "name", "x", "y", "width", "height", "order")}
        values |= {"overlay": overlay.pk, "enabled": "on", "scale": row.scale, "options": "{}"}
        fields |= {f"widgets-{at}-{name}": value for name, value in values.items()}
    return {**fields, **more}


def places(overlay: Overlay) -> dict[str, list[float]]:
    return {row.name: [row.x, row.y, row.width, row.height] for row in overlay.widgets.all()}


def overlap(one: Box, other: Box) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    return not (beside or one.y + one.height <= other.y or other.y + other.height <= one.y)


def test_only_a_preview_may_be_framed_and_only_by_pages_of_ours(client: Client, overlay: Overlay) -> None:
    for query, ancestors, option in (
        ("", "'none'", "DENY"),
        ("?preview=1", "'self'", "SAMEORIGIN"),
        ("?preview=0", "'none'", "DENY"),
        ("?preview", "'none'", "DENY"),
        ("wheel/", "'none'", "DENY"),
    ):
        page = client.get(f"{overlay.page_path()}{query}")
        policy = page["Content-Security-Policy"].split("; ")
        assert f"frame-ancestors {ancestors}" in policy and page["X-Frame-Options"] == option, query
        assert {"default-src 'none'", "script-src 'self'"} <= set(policy)


def test_only_the_page_of_an_overlay_may_show_a_frame_and_none_may_be_in_one(
    admin_client: Client, overlay: Overlay
) -> None:
    own = f"{LIST}{overlay.pk}/change/"
    for path in ("/admin/", LIST, f"{LIST}add/", own, f"{LIST}{overlay.pk}/delete/", "/admin/effects/sound/add/"):
        page = admin_client.get(path)
        policy = page["Content-Security-Policy"].split("; ")
        assert [part for part in policy if part.startswith("frame-src")] == (
            ["frame-src 'self'"] if path == own else []
        )
        assert "frame-ancestors 'none'" in policy and page["X-Frame-Options"] == "DENY", path


@pytest.mark.parametrize("shape", Format.values)
def test_in_each_format_all_places_are_on_the_stage_and_what_stays_covers_nothing_that_stays(shape: str) -> None:
    for name, made in widgets.items():
        for box in made.places(shape):
            assert box.x >= 0 and box.y >= 0 and box.x + box.width <= 100 and box.y + box.height <= 100, name
    lasting = {name: made.places(shape)[0] for name, made in widgets.items() if not made.plays}
    assert len(lasting) > 8
    assert [pair for pair in combinations(lasting, 2) if overlap(lasting[pair[0]], lasting[pair[1]])] == []


def test_without_scripts_a_preset_saves_the_form_with_all_widgets_at_their_places(
    admin_client: Client, overlay: Overlay
) -> None:
    goal = widgets.get("goal")
    assert goal is not None
    for name in ("goal", "second-goal"):
        new_row(overlay, goal, name).save()
    page = f"{LIST}{overlay.pk}/change/"
    answer = admin_client.post(page, form(overlay, _preset="vertical", theme="neon"))
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert Overlay.objects.values_list("format", "theme").get() == ("vertical", "neon")
    moved = places(overlay)
    assert (moved["goal"], moved["second-goal"]) == ([3, 3, 94, 7], [3, 10, 94, 7])
    assert moved["wheel"] == [8, 22, 84, 50] and moved["media"] == [0, 0, 100, 100]
    admin_client.post(page, form(overlay, _preset="wide"))
    before = places(overlay)
    assert before["goal"] == [30, 3, 34, 11] and Overlay.objects.get().format == "wide"
    assert admin_client.post(page, form(overlay, _preset="cinema")).status_code == 302
    assert places(overlay) == before


def test_a_new_overlay_and_a_new_row_are_placed_in_the_overlays_format(admin_client: Client) -> None:
    admin_client.post(f"{LIST}add/", {"name": "Phone", "theme": "calm", "format": "vertical"})
    overlay = Overlay.objects.get()
    assert places(overlay)["wheel"] == [8, 22, 84, 50]
    new = {"kind": "goal", "x": 0, "y": 0, "width": 100, "height": 100, "order": 0, "scale": 1, "options": "{}"}
    fields = {f"widgets-{overlay.widgets.count()}-{name}": value for name, value in new.items()}
    sent = form(overlay) | fields | {"widgets-TOTAL_FORMS": overlay.widgets.count() + 1}
    assert admin_client.post(f"{LIST}{overlay.pk}/change/", sent).status_code == 302
    assert places(overlay)["goal"] == [3, 3, 94, 7]


def test_enter_in_a_field_saves_and_presses_no_preset(admin_client: Client, overlay: Overlay) -> None:
    page = admin_client.get(f"{LIST}{overlay.pk}/change/").text
    buttons = re.findall(r'<(?:input|button)[^>]*type="submit"[^>]*name="(_\w+)"', page)
    assert buttons[0] == "_save" and buttons.count("_preset") == 2


def test_who_may_only_see_overlays_gets_the_frame_but_no_preset(overlay: Overlay) -> None:
    client, before = helper("view_overlay"), places(overlay)
    page = client.get(f"{LIST}{overlay.pk}/change/")
    assert f"{overlay.page_path()}?preview=1" in page.text
    assert "_preset" not in page.text and "stage-keys" not in page.text and "widgets-0-x" not in page.text
    assert client.post(f"{LIST}{overlay.pk}/change/", form(overlay, _preset="vertical")).status_code == 403
    assert places(overlay) == before and Overlay.objects.get().format == "wide"


def test_rows_that_are_not_saved_are_told_with_what_they_show_now_to_who_may_change_overlays(
    admin_client: Client, overlay: Overlay
) -> None:
    page = f"{LIST}drafts/"
    rows = [
        {"name": "new:1", "kind": "text", "options": {"text": "{followers} came"}},
        {"name": "b", "kind": "goal", "options": {"target": 0}},  # it does not fit
        {"name": "c", "kind": "nosuch", "options": {}},
        {"name": "wheel", "kind": "wheel", "options": {}},
    ]
    (text, wheel) = admin_client.post(page, {"widgets": rows}, "application/json").json()["widgets"]
    assert (text["name"], text["kind"], text["snapshot"]) == ("new:1", "text", {"text": "0 came"})
    assert text["script"].endswith("text.js") and wheel["plays"] == ["wheel"]
    for body in ("", "[]", "{}", '{"widgets": 5}', '{"widgets": [5]}', '{"widgets": [{}]}', "[" * 100_000):
        assert admin_client.post(page, body, "application/json").status_code == 400, body[:20]
    many = {"widgets": rows[:1] * 100}
    assert len(admin_client.post(page, many, "application/json").json()["widgets"]) == MAX_DRAFTS
    assert admin_client.get(page).status_code == 405
    assert helper("view_overlay").post(page, {"widgets": rows}, "application/json").status_code == 403
    assert overlay.widgets.filter(kind="text").count() == 0
