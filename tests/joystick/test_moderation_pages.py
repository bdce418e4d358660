"""Moderation in the dashboard: filters and what they did, buttons at events and viewers, banned words, the title."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from economy.models import Cooldown, Viewer
from effects.models import QueueItem, State
from joystick.chat.moderation import rules, titles
from joystick.models import ChatFilter, FilterKind, InboundEvent, Install, ModeratedLine, Stream
from joystick.simulator.happenings import chat
from joystick.simulator.site import Site
from tests.joystick.conftest import query_of

pytestmark = pytest.mark.django_db

FILTERS = "/admin/joystick/chatfilter/"
BANNED = f"{FILTERS}banned-words/"
HOSTILE = '"><img src=x onerror=alert(1)>\u202e'


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Collect what goes to Joystick, in order."""
    found: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        "effects.chat.group_send", lambda group, message: found.append((message["action"], *message["words"].values()))
    )
    return found


def form(kind: str, **changed: Any) -> dict[str, Any]:
    return {
        "kind": kind, "seconds": 30, "action": "delete", "exempt_role": 3, "exempt_level": 0, "enabled": "on", **changed,
    }  # fmt: skip


def test_filters_are_made_tried_and_told_as_sentences(admin_client: Client) -> None:
    add = f"{FILTERS}add/"
    for wrong, mistake in (
        (form("words", words="\n**\n"), "Write the words that it looks for."),
        (form("capitals", limit=101), "There are no more than 100 percent."),
        (form("repeats", limit=1), "greater than or equal to 2"),
    ):
        assert mistake in admin_client.post(add, wrong).text
    for tried, line, answer in (
        (
            form("links", allowed="youtube.com"),
            f"{HOSTILE} evil (dot) com",
            "It finds a link to evil.com, and would delete it.",
        ),
        (form("links", allowed="youtube.com"), "youtube.com", "It finds nothing in this line, which stays."),
        (form("flood"), "x", "A flood is made by several lines"),
    ):
        page = admin_client.post(add, {**tried, "_try": "Try", "_try_words": line}).text
        assert answer in page and "<img src=x" not in page
    assert not ChatFilter.objects.exists()
    admin_client.post(add, form("links", allowed="youtube.com\nhttps://www.twitch.tv/x", exempt_role=2))
    admin_client.post(add, form("words", words=f"bad\n*worse*\n{HOSTILE}\nx", action="mute", dry_run="on"))
    for kind, limit in (("capitals", ""), ("repeats", 3), ("length", ""), ("flood", 3)):
        admin_client.post(add, form(kind, limit=limit, action="warn", exempt_level=5))
    page = admin_client.get(FILTERS).text
    for sentence in (
        "A line with a link, except to twitch.tv and youtube.com, unless it is from subscribers: delete it.",
        "A line with “bad”, “x”, “worse” or 1 more: mute its author.",
        "A line with 80 % capitals or more, unless it is from level 5 on: tell its author.",
        "A line with the same character or word 3 times in a row, unless",
        "A line of more than 400 characters, unless",
        "The same line for the 3rd time within 30 seconds, unless",
    ):
        assert sentence in page, sentence
    assert ">0 lines</a>" in page and "Words that Joystick.tv bans" in page and ChatFilter.objects.count() == 6


def test_the_list_of_moderated_lines_tells_who_wrote_what_and_what_was_done(
    admin_client: Client, deliver: Callable[..., None], viewer: Callable[..., Viewer]
) -> None:
    rules.seed()
    links = ChatFilter.objects.get(kind=FilterKind.LINKS)
    deliver(chat("Bob", HOSTILE))
    uid = InboundEvent.objects.get().uid
    for fields in (
        {"dry_run": True, "action": "mute", "filter": links},
        {"action": "delete", "filter": links},
        {"action": "delete", "filter": links, "failure": "the scope chat:moderate is missing"},
        {"action": "mute"},
        {"action": "warn", "filter": links},
    ):
        ModeratedLine.objects.create(event=uid, **fields)
    ModeratedLine.objects.create(event="gone", action="delete")
    page = admin_client.get("/admin/joystick/moderatedline/").text
    for sentence in (
        "A filter would have muted its author.", "A filter deleted it.", "Staff muted its author.", "A filter told its author.",
        "A filter would have deleted it, but the scope chat:moderate is missing.", "A line with a link: tell its author.",
    ):  # fmt: skip
        assert sentence in page, sentence
    assert "<bdi>Bob</bdi>" in page and "&lt;img src=x" in page and "<img src=x" not in page
    assert (
        admin_client.get(f"/admin/joystick/moderatedline/?filter__id__exact={links.pk}").text.count("<bdi>Bob</bdi>")
        == 4
    )
    card = admin_client.get(f"/admin/economy/viewer/{Viewer.objects.get(key='bob').pk}/change/").text
    assert "A filter told its author." in card and "A filter would have muted its author." in card
    assert "<img src=x" not in card


def test_buttons_delete_and_mute_for_who_may_steer_the_queue(
    staff: Callable[..., Client], deliver: Callable[..., None], sent: list[tuple[str, ...]],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    deliver(chat("Bob", "buy this"))
    event, bob = InboundEvent.objects.get(), Viewer.objects.get(key="bob")
    item = QueueItem.objects.create(kind="speak", lane="tts", viewer=bob, title="hello", payload={"text": "hello"})
    client = staff("view_inboundevent", "view_viewer", "change_queueitem")
    own, card = f"/admin/joystick/inboundevent/{event.pk}/", f"/admin/economy/viewer/{bob.pk}/change/"
    of_viewer = f"/admin/joystick/inboundevent/of-viewer/{bob.pk}"
    assert (
        "Delete the line" in client.get(f"{own}change/").text and "Delete their newest lines" in client.get(card).text
    )

    def press(address: str) -> str:
        sent.clear()
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(address, follow=True).text

    assert "The line is deleted." in press(f"{own}moderate/delete/") and sent == [("delete_message", event.uid)]
    item.refresh_from_db()
    assert item.state == State.CANCELLED
    assert "Staff deleted it." in client.get(f"{own}change/").text
    assert "Its author is muted." in press(f"{own}moderate/mute/") and sent == [("mute_user", event.uid)]
    assert "Muted." in press(f"{of_viewer}/mute/") and sent == [("mute_user", event.uid)]
    assert "They may write again." in press(f"{of_viewer}/unmute/") and sent == [("unmute_user", "Bob")]
    assert "Deleted 0 lines." in press(f"{of_viewer}/purge/") and sent == []
    ModeratedLine.objects.all().delete()
    assert "Deleted 1 line." in press(f"{of_viewer}/purge/") and sent == [("delete_message", event.uid)]
    assert client.get(f"{own}moderate/delete/").status_code == 403
    assert client.post(f"{own}moderate/block/").status_code == client.post(f"{of_viewer}/block/").status_code == 404
    # What was made up here, Joystick does not know.
    InboundEvent.objects.update(uid="simulated:1")
    assert "This line was made up here" in client.get(f"{own}change/").text
    assert "this line was made up here" in press(f"{own}moderate/delete/").replace("This", "this") and sent == []
    assert "I have no line of Bob" in press(f"{of_viewer}/mute/")
    get_user_model().objects.get().user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    assert client.post(f"{own}moderate/delete/").status_code == client.post(f"{of_viewer}/mute/").status_code == 403
    assert "Delete the line" not in client.get(f"{own}change/").text and "Delete their" not in client.get(card).text


def test_a_missing_scope_is_named_with_a_button_that_connects_again_with_it(
    admin_client: Client, site: Site, settings: Any, connected: Callable[[], Install], deliver: Callable[..., None]
) -> None:
    settings.JOYSTICK_SCOPES = ["identity:read", "chat:read", "chat:write"]
    connected()
    assert not Install.objects.filter(scopes__contains="moderate").exists()
    link = 'href="/admin/joystick/install/?scope=chat:moderate">Connect again with it'
    saved = admin_client.post(f"{FILTERS}add/", form("links"), follow=True).text
    assert "The scope chat:moderate is missing" in saved and link in saved
    assert link not in admin_client.post(f"{FILTERS}add/", form("links", dry_run="on"), follow=True).text
    deliver(chat("Bob", "x"))
    event = InboundEvent.objects.get()
    assert link in admin_client.post(f"/admin/joystick/inboundevent/{event.pk}/moderate/mute/", follow=True).text
    assert not ModeratedLine.objects.exists()
    assert "?scope=stream:manage" in admin_client.get(BANNED).text
    page = admin_client.get("/admin/joystick/install/?scope=chat:moderate").text
    assert 'value="Connect again with chat:moderate"' in page and 'name="scope" value="chat:moderate"' in page
    assert "Connect again with" not in admin_client.get("/admin/joystick/install/?scope=" + HOSTILE).text
    asked = query_of(admin_client.post("/admin/joystick/install/connect/", {"scope": "chat:moderate"})["Location"])
    assert set(asked["scope"].split()) == {*settings.JOYSTICK_SCOPES, "chat:moderate"}
    asked = query_of(admin_client.post("/admin/joystick/install/connect/", {"scope": "everything"})["Location"])
    assert set(asked["scope"].split()) == set(settings.JOYSTICK_SCOPES)


def test_words_that_joystick_bans_are_shown_added_and_taken_off(
    admin_client: Client, site: Site, install: Install
) -> None:
    assert "No word is banned." in admin_client.get(BANNED).text
    assert "is banned." in admin_client.post(BANNED, {"word": " darn "}, follow=True).text
    admin_client.post(BANNED, {"word": HOSTILE})
    page = admin_client.get(BANNED).text
    assert site.channel.banned_words == ["darn", HOSTILE] and "<bdi>darn</bdi>" in page and "<img src=x" not in page
    assert "Write a word." in admin_client.post(BANNED, {"word": " "}, follow=True).text
    admin_client.post(BANNED, {"word": "darn", "remove": "1"})
    assert site.channel.banned_words == [HOSTILE]
    site.stop()
    assert "Joystick.tv did not answer" in admin_client.get(BANNED).text
    assert "Joystick.tv did not answer" in admin_client.post(BANNED, {"word": "x"}, follow=True).text


def test_the_title_is_set_by_a_worker_and_the_answer_follows(
    site: Site, install: Install, deliver: Callable[..., None], sent: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(titles, "send", lambda *arguments: asked.append(arguments))

    def write(name: str, line: str, *badges: str) -> list[tuple[str, ...]]:
        asked.clear()
        sent.clear()
        Cooldown.objects.all().delete()
        with django_capture_on_commit_callbacks(execute=True):
            deliver(chat(name, line, *badges))
            assert not asked  # nothing waits for Joystick inside of the transaction
        for _, *arguments in asked:
            with django_capture_on_commit_callbacks(execute=True):
                titles.set_title(*arguments)
        return [one[1:] for one in sent]

    stream = Stream.objects.create(channel_id=install.channel_id, started_at=timezone.now())
    assert write("Mo", "!title  Sea {points} stories ", "mod") == [("@Mo the title is now “Sea {points} stories”.",)]
    assert site.channel.title == "Sea {points} stories" and asked[0][0] == titles.TASK
    stream.refresh_from_db()
    assert stream.title == site.channel.title  # what {title} tells
    assert write("Mo", "!title", "mod") == [("@Mo write it like this: !title TEXT.",)]
    assert write("Bob", "!title mine") == [("@Bob !title is for moderators.",)]
    site.stop()
    (line,) = write("Mo", "!title lost", "mod")[0]
    assert line.startswith("@Mo the title stays as it is: Joystick.tv did not answer PUT /me/stream")
    Install.objects.update(access_token="")
    assert write("Mo", "!title x", "mod") == [("@Mo the channel is not connected by the dashboard's button.",)]
    titles.set_title(install.pk, "x", "Mo")
