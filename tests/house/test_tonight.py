"""The index: tonight's figures, the feed with what came of each event, the queue's buttons, what did not happen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from economy.models import LevelReward, Viewer
from effects.media import library
from effects.models import QueueItem, State
from effects.queue import control, items
from effects.registry.values import speak
from joystick.channel import streams
from joystick.models import InboundEvent, Stream
from joystick.simulator.happenings import chat, enter, follow, leave, started, tip
from pixelbot_site.index import board, guide, lamps, live, tonight
from pixelbot_site.index.board import View
from pixelbot_site.index.lamps import Moment

pytestmark = pytest.mark.django_db


def staff(*permissions: str) -> Client:
    user = get_user_model().objects.create_user("mo", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    browser = Client()
    browser.force_login(user)
    return browser


def index(browser: Client) -> str:
    return browser.get(reverse("admin:index")).text


def test_each_event_says_what_came_of_it(deliver: Callable[..., None]) -> None:
    deliver(tip("Bob", 3000))
    deliver(chat("Ann", "<b>hi</b>"))
    deliver(chat("Ann", "again"))
    again, first, big_tip = tonight.feed()
    assert (first.text, first.came.text) == ("<b>hi</b>", "+1 point, +1 XP")
    assert again.came.text == ""
    assert big_tip.came.text.startswith("+3000 points, +300 XP, level ")


def test_who_comes_in_and_leaves_is_told_in_plain_words(deliver: Callable[..., None]) -> None:
    deliver(enter("Ann"), leave("Ann"))
    assert sorted(event.text for event in tonight.feed()) == ["came in", "left"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="backups are of SQLite's file")
def test_the_demo_promises_no_backups(admin_client: Client, settings: Any) -> None:
    assert "One is made every day" in admin_client.get(reverse("backups")).text
    settings.DEMO = True
    page = admin_client.get(reverse("backups")).text
    assert "The demo makes none by itself" in page and "every day" not in page


def test_two_rewards_for_one_level_are_refused_with_a_sentence(admin_client: Client) -> None:
    LevelReward.objects.create(level=2, points=5)
    form = {"level": 2, "points": 1, "effects": "[]", "items-TOTAL_FORMS": 0, "items-INITIAL_FORMS": 0}
    page = admin_client.post(reverse("admin:economy_levelreward_add"), form)
    assert "There is a reward for this level already." in page.text


def test_the_preview_of_a_batch_counts_once(admin_client: Client, viewer: Callable[..., Viewer]) -> None:
    viewer("Bob")
    form = {"currency": "points", "operation": "add", "amount": "5", "reason": "x", "ids": "", "form_key": str(uuid4())}
    page = admin_client.post(reverse("admin:economy_batch_add"), form, follow=True).text
    assert "1 viewer" in page and "Viewers aimed at" not in page


def test_what_a_viewer_typed_is_text(admin_client: Client, deliver: Callable[..., None]) -> None:
    deliver(chat("Ann", "<script>alert(1)</script>"))
    page = index(admin_client)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_tonights_figures(deliver: Callable[..., None], now: Any) -> None:
    assert tonight.figures(Moment()).stream is None
    deliver(started(), tip("Bob", 100), follow("Ann"))
    found = tonight.figures(Moment())
    assert found.is_live
    assert dict(tonight.summary(found)) | {"Viewers here": "", "Events in the last minute": ""} == {
        "Viewers here": "",
        "Events in the last minute": "",
        "Tips": "100 tokens",
        "Points given": "150",
        "Points spent": "0",
        "New viewers": "2",
    }


def test_who_tipped(admin_client: Client, deliver: Callable[..., None]) -> None:
    deliver(tip("Cat", 7))
    InboundEvent.objects.update(received_at=timezone.now() - timedelta(days=1))  # before the stream
    deliver(started(), tip("Bob", 100), tip("Ann", 30), tip("Ann", 90), tip("=cmd", 1))
    stream = Stream.objects.get()
    assert tonight.tippers(stream) == [("Ann", 120, 2), ("Bob", 100, 1), ("=cmd", 1, 1)]
    page = admin_client.get(reverse("tippers", args=[stream.pk]))
    assert "<bdi>Ann</bdi></td><td>120</td><td>2</td>" in page.text
    answer = admin_client.get(reverse("tippers", args=[stream.pk]), {"export": "csv"})
    assert answer.text.splitlines() == ["viewer,tokens,tips", "Ann,120,2", "Bob,100,1", "'=cmd,1,1"]


@pytest.mark.parametrize(("permissions", "sees"), [((), False), (("view_viewer",), True)])
def test_names_are_for_those_who_may_see_viewers(
    deliver: Callable[..., None], permissions: tuple[str, ...], *, sees: bool
) -> None:
    deliver(started(), tip("Ännchen", 100))
    stream = Stream.objects.get()
    visitor = staff("view_stream", *permissions)
    assert visitor.get(reverse("tippers", args=[stream.pk])).status_code == (200 if sees else 403)
    for page in ("/admin/", reverse("admin:joystick_stream_change", args=[stream.pk])):
        assert ("Ännchen" in visitor.get(page).text) == sees, page
    assert ("Who tipped" in visitor.get("/admin/").text) == sees


def test_who_may_see_viewers_and_no_streams_does_not_see_who_tipped(deliver: Callable[..., None]) -> None:
    deliver(started())
    assert staff("view_viewer").get(reverse("tippers", args=[Stream.objects.get().pk])).status_code == 403


def test_the_buttons_of_an_item(admin_client: Client, viewer: Callable[..., Viewer], stage: None) -> None:
    waiting = items.enqueue(speak("hello"), viewer=viewer("Bob"), waits=True)
    second = items.enqueue(speak("there"))
    page = index(admin_client)
    assert "waits for your approval" in page
    for verb, item in (("approve", waiting), ("first", second), ("cancel", waiting), ("again", waiting)):
        assert reverse("admin:effects_queue_item", args=[item.pk, verb])
        answer = admin_client.post(
            reverse("admin:effects_queue_item", args=[item.pk, verb]), {"next": "/admin/"}, follow=True
        )
        assert answer.redirect_chain[0][0] == "/admin/"
    waiting.refresh_from_db()
    second.refresh_from_db()
    assert (waiting.state, second.priority > 0) == (State.CANCELLED, True)
    assert QueueItem.objects.filter(state=State.PENDING).count() == 2
    answer = admin_client.post(reverse("admin:effects_queue_item", args=[waiting.pk, "approve"]), follow=True)
    assert "it was decided already" in answer.text
    answer = admin_client.post(reverse("admin:effects_queue_item", args=[9999, "approve"]), follow=True)
    assert "There is no such item" in answer.text or "there is no such item" in answer.text


def test_a_button_leads_to_no_other_site(admin_client: Client, stage: None) -> None:
    item = items.enqueue(speak("hello"))
    address = reverse("admin:effects_queue_item", args=[item.pk, "first"])
    for other in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        answer = admin_client.post(address, {"next": other})
        assert answer.headers["Location"] == reverse("admin:effects_queueitem_changelist")


def test_everything_is_paused_and_goes_on_with_a_bar_on_every_page(admin_client: Client) -> None:
    settings_page = reverse("admin:economy_viewer_changelist")
    assert "Stopped:" not in admin_client.get(settings_page).text
    admin_client.post(reverse("admin:effects_queue_lane", args=["all", "pause"]))
    page = admin_client.get(settings_page).text
    assert "Stopped: effect, notification, reply, tts, wheel." in page
    assert "Go on" in page
    admin_client.post(reverse("admin:effects_queue_lane", args=["all", "resume"]))
    assert "Stopped:" not in admin_client.get(settings_page).text


def test_what_did_not_happen_is_told_with_the_reason(admin_client: Client, viewer: Callable[..., Viewer]) -> None:
    item = items.enqueue(speak("hello"), viewer=viewer("Bob"))
    items.end(item, State.FAILED, "no overlay began to play it")
    items.end(items.enqueue(speak("hello"), tried_by="mo"), State.FAILED, "mo tried it")
    page = index(admin_client)
    assert "no overlay began to play it" in page
    assert [row.error for row in tonight.failures(Moment())] == ["no overlay began to play it"]
    assert "Do again" in page


@pytest.mark.parametrize(
    ("permissions", "parts"),
    [
        ((), {"lamps"}),
        (("view_queueitem",), {"lamps", "queue", "failures"}),
        (("view_inboundevent",), {"lamps", "feed"}),
        (("view_stream",), {"lamps", "figures"}),
    ],
)
def test_staff_see_the_parts_that_they_may_see(permissions: tuple[str, ...], parts: set[str]) -> None:
    page = index(staff(*permissions))
    assert {name for name in board.PAGES["index"] if f'id="part-{name}"' in page} == parts
    assert "formaction" not in page


def test_a_page_gets_everything_once_and_then_what_changed(deliver: Callable[..., None], stage: None) -> None:
    look = live._Look()
    everything = View("index", frozenset(board.PERMISSIONS))
    nothing = View("index", frozenset())
    assert list(look.changed({everything})[everything]) == list(board.PAGES["index"])
    assert look.changed({everything}) == {everything: {}}
    deliver(chat("Ann", "hi"))
    assert look.changed({everything})[everything].keys() == {"feed"}
    items.enqueue(speak("hello"))
    assert look.changed({everything, nothing}) | {nothing: {}} == {
        everything: {"queue": look._sent[everything, "queue"]},
        nothing: {},
    }
    control.pause("tts", by="mo")
    assert look.changed({everything})[everything].keys() == {"queue"}


def test_the_index_is_quick(
    admin_client: Client,
    deliver: Callable[..., None],
    stage: None,
    django_assert_max_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lamps.stale_curve, "seconds", 3600.0)  # one query in five seconds
    monkeypatch.setattr(lamps.failed_events, "seconds", 3600.0)  # the same
    monkeypatch.setattr(library.shelf, "seconds", 3600.0)  # the same
    for number in range(30):
        deliver(chat(f"Viewer{number}", "hi"))
        items.enqueue(speak(f"line {number}"))
    streams.begin("c", Viewer.objects.first().first_seen_at)  # type: ignore[union-attr]
    index(admin_client)
    tonight.stream_figures.forget()
    guide.due.get(lambda: None)  # it is over
    with django_assert_max_num_queries(25):
        index(admin_client)


def test_a_page_that_comes_later_gets_all_that_was_sent(deliver: Callable[..., None]) -> None:
    look, view = live._Look(), View("index", frozenset(board.PERMISSIONS))
    look.changed({view})
    deliver(chat("Ann", "between"))
    look.changed({view})
    assert look.changed({view}) == {view: {}}
    assert look.last(view).keys() == set(board.PAGES["index"])
    assert "between" in look.last(view)["feed"]


@pytest.mark.parametrize("name", ["say-a-line", "admin:joystick_install_try"])
def test_a_button_leads_back_to_the_page_it_is_on(admin_client: Client, name: str) -> None:
    answer = admin_client.post(reverse(name), {"next": "/somewhere/"})
    assert answer.headers["Location"] == "/somewhere/"
    answer = admin_client.post(reverse(name), {"next": "https://evil.example/"})
    assert answer.headers["Location"].startswith("/admin/")
