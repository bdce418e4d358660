"""The dock: the parts of the index that are needed while on air, for who may see them, and buttons that lead back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from economy.models import Viewer
from effects.models import QueueItem, State
from effects.queue import items
from effects.registry.values import speak
from joystick.simulator.happenings import chat
from pixelbot_site.index import board, lamps, live
from pixelbot_site.index.board import View
from pixelbot_site.index.lamp import Color, Lamp

pytestmark = pytest.mark.django_db

DOCK = "/dock/"


def staff(*permissions: str) -> Client:
    user = get_user_model().objects.create_user("mo", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    browser = Client()
    browser.force_login(user)
    return browser


def test_who_is_not_logged_in_is_asked_to() -> None:
    answer = Client().get(DOCK)
    assert answer.headers["Location"] == f"{reverse('admin:login')}?next={DOCK}"


@pytest.mark.parametrize(
    ("permissions", "parts"),
    [((), {"dock_lamps"}), (("view_queueitem",), {"queue", "dock_lamps", "failures"})],
)
def test_staff_see_the_parts_that_they_may_see_and_no_buttons(permissions: tuple[str, ...], parts: set[str]) -> None:
    page = staff(*permissions).get(DOCK).text
    assert {name for name in board.PARTS if f'id="part-{name}"' in page} == parts
    assert "formaction" not in page
    assert reverse("say-a-line") not in page


def test_nobody_may_frame_it(admin_client: Client) -> None:
    answer = admin_client.get(DOCK)
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_what_waits_for_approval_comes_before_the_lanes(admin_client: Client, viewer: Callable[..., Viewer]) -> None:
    items.enqueue(speak("its turn comes"))
    items.enqueue(speak("<b>may I?</b>"), viewer=viewer("Bob"), waits=True)
    page = admin_client.get(DOCK).text
    stop, approve, lanes, first = (page.index(words) for words in (">Stop ev", ">Approve<", '"lanes"', ">Put first<"))
    assert stop < approve < lanes < first
    assert "&lt;b&gt;may I?" in page and "<b>may" not in page
    assert page.count(">Approve<") == 1 and page.count(">Put first<") == 1


def test_each_button_leads_back_to_the_dock(admin_client: Client, viewer: Callable[..., Viewer]) -> None:
    item = items.enqueue(speak("hello"), viewer=viewer("Bob"), waits=True)
    assert admin_client.get(DOCK).text.count(f'name="next" value="{DOCK}"') == 2
    reject = reverse("admin:effects_queue_item", args=[item.pk, "reject"])
    answer = admin_client.post(reject, {"next": DOCK}, follow=True)
    assert answer.redirect_chain == [(DOCK, 302)]
    assert "hello: rejected." in answer.text
    assert QueueItem.objects.get().state == State.CANCELLED


def test_what_does_not_work_stands_first_and_the_rest_is_folded(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    colors = [Color.GREEN, Color.GREY, Color.AMBER, Color.RED]
    lit = [Lamp(color.value, f"Part {color.value}", color, ("A sentence.",)) for color in colors]
    monkeypatch.setattr(lamps.Moment, "lamps", lit)
    page = admin_client.get(DOCK).text
    places = [page.index(words) for words in ("Part red", "Part amber", "Part grey", "<details", "Part green")]
    assert places == sorted(places)
    monkeypatch.setattr(lamps.Moment, "lamps", lit[:1])
    assert "Everything works." in admin_client.get(DOCK).text


def test_it_gets_its_own_parts_and_no_others(deliver: Callable[..., None]) -> None:
    look = live._Look()
    may = frozenset(board.PERMISSIONS)
    dock, index = View("dock", may), View("index", may)
    assert {view: set(parts) for view, parts in look.changed({dock, index}).items()} == {
        view: set(board.PAGES[view.page]) for view in (dock, index)
    }
    deliver(chat("Ann", "hi"))
    assert {view: set(parts) for view, parts in look.changed({dock, index}).items()} == {dock: set(), index: {"feed"}}


def test_the_index_links_it(admin_client: Client) -> None:
    assert f'href="{DOCK}"' in admin_client.get(reverse("admin:index")).text
