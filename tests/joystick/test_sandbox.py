"""The page *Simulate*: what an event would lead to, with no row left of it, and the same for real by a second press."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from economy.ledger import points
from economy.models import LevelReward, Viewer
from effects.models import QueueItem
from joystick.inbox import made_up, receive, sandbox
from joystick.models import InboundEvent, Stream
from joystick.protocol.frames import ReceivedFrame
from joystick.reactions import defaults
from pixelbot_site.index import tonight
from pixelbot_site.simulate.form import SORTS, SimulateForm
from redeems import purchase

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken", "stage")]

PAGE = "/admin/simulate/"
TIP = {"occasion": "tip", "who": "Bob", "amount": "250", "words": ""}


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lanes: list[str] = []
    monkeypatch.setattr("effects.queue.wakeups.send_drain", lanes.append)
    return lanes


def rows() -> dict[str, list[Any]]:
    """Return every row of every table, but for what a login writes."""
    models = [model for model in apps.get_models() if model.__name__ not in ("Session", "User")]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}


def frame(**fields: Any) -> ReceivedFrame:
    form = SimulateForm({"words": "", **fields})
    assert form.is_valid(), form.errors
    happening = form.happening()
    return made_up.made_up(happening.kind, username=happening.username, text=happening.text, data=happening.data)


@pytest.mark.parametrize("occasion", SORTS)
def test_no_row_of_any_table_is_left_and_nothing_is_said_whatever_is_tried(
    occasion: str, said: list[str], woken: list[str], viewer: Callable[..., Viewer],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    defaults.seed()
    purchase.seed()
    LevelReward.objects.create(level=2, points=5)
    viewer("Bob", points=100)
    if occasion == "ended":
        receive.receive([frame(occasion="started")])
        said.clear()
    before = rows()
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        rehearsal = sandbox.rehearse(frame(occasion=occasion, who="Bob", amount=600, words="!tts hello"))
    assert rehearsal.sentences != ()
    assert rows() == before
    assert (callbacks, said, woken) == ([], [], [])


def test_it_tells_what_would_be_paid_said_and_shown() -> None:
    defaults.seed()
    LevelReward.objects.create(level=2, points=5, line="{user} is up!", spoken=False)
    assert sandbox.rehearse(frame(occasion="tip", who="Bob", amount=1000)).sentences == (
        "Bob is a new viewer.",
        "Bob: +1000 points (Tip), which makes 1000.",
        "Bob: +5 points (Level reward), which makes 1005.",
        "Bob: +100 XP (Tip), which makes 100 and level 2.",
        "Said in chat: “Bob is up! (+5 points)”",
        "Said in chat: “Wow, 1000 tokens! Thank you, Bob!”",
        "Happens: alert “Bob tipped 1000 tokens!”.",
        "Happens: speak “Wow! Bob tipped 1000 tokens!”.",
    )


def test_a_redeem_is_bought_in_the_sandbox_with_the_points_that_the_viewer_has(viewer: Callable[..., Viewer]) -> None:
    purchase.seed()
    viewer("Bob", points=30)
    rehearsal = sandbox.rehearse(frame(occasion="chat", who="Bob", words="!tts hello there"))
    assert "Bob: -25 points (Redeem), which makes 5." in rehearsal.sentences
    assert [effect.kind for effect in rehearsal.effects] == ["speak"]
    points.grant(Viewer.objects.get(), 1, source="test", reference="later")  # the balance was not touched
    assert Viewer.objects.get().points.balance == 31


def test_what_the_bot_could_not_handle_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("economy.earning.pay.pay", broken)
    rehearsal = sandbox.rehearse(frame(occasion="tip", who="Bob", amount=5))
    assert rehearsal.sentences == ("The bot could not handle it: ZeroDivisionError: a bug.",)
    assert not InboundEvent.objects.exists()


def test_the_page_shows_what_would_come_of_it_and_its_effects_as_a_test(admin_client: Client, said: list[str]) -> None:
    defaults.seed()
    answer = admin_client.post(PAGE, TIP)
    assert "Said in chat: “Thank you for 250 tokens, Bob!”" in answer.text
    assert [str(message) for message in answer.context["messages"]] == ["It is shown on the overlay, marked TEST."]
    assert [(item.kind, item.title, item.viewer, item.tried_by) for item in QueueItem.objects.order_by("id")] == [
        ("alert", "TEST: Bob tipped 250 tokens", None, "admin"),
        ("speak", "TEST: Bob tipped 250 tokens!", None, "admin"),
    ]
    assert (InboundEvent.objects.count(), Viewer.objects.count(), said) == (0, 0, [])


def test_a_second_press_does_it_for_real_and_the_feed_says_that_it_was_simulated(
    admin_client: Client, said: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    defaults.seed()
    assert 'name="real"' not in admin_client.get(PAGE).text  # not without having seen what it does
    assert 'name="real"' in admin_client.post(PAGE, TIP).text
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_client.post(PAGE, TIP | {"real": "1"}, follow=True)
    event = InboundEvent.objects.get()
    assert event.is_simulated and event.uid in answer.text
    assert said == ["Thank you for 250 tokens, Bob!"]
    assert Viewer.objects.get().points.balance == 250
    assert "(simulated)" in admin_client.get("/admin/").text
    assert [line.event for line in tonight.feed()] == [event]


def test_for_real_takes_the_permissions_that_the_api_asks_for(client: Client) -> None:
    user = get_user_model().objects.create_user("mo", is_staff=True)
    client.force_login(user)
    assert client.get(PAGE).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename__in=["change_queueitem", "change_points"]))
    assert 'name="real"' not in client.post(PAGE, TIP).text
    assert client.post(PAGE, TIP | {"real": "1"}).status_code == 403
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"who": ""}, "who"),
        ({"amount": ""}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "many"}, "amount"),
        ({"occasion": "nothing"}, "occasion"),
        ({"occasion": "chat"}, "words"),
        ({"occasion": "wheel"}, "words"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(admin_client: Client, changes: dict[str, str], field: str) -> None:
    answer = admin_client.post(PAGE, TIP | changes)
    assert list(answer.context["form"].errors) == [field]
    assert not QueueItem.objects.exists()


def test_what_was_typed_is_escaped(admin_client: Client) -> None:
    answer = admin_client.post(PAGE, TIP | {"who": "<img src=x>", "occasion": "follow"})
    assert "<img src=x" not in answer.text


def test_a_made_up_line_keeps_what_earlier_badges_said_of_its_author(viewer: Callable[..., Viewer]) -> None:
    viewer("Mo")
    Viewer.objects.update(is_moderator=True)
    made_up.receive_made_up("new_message", username="Mo", text="hello", tokens=None)
    assert Viewer.objects.get().is_moderator


def test_a_stream_that_begins_in_the_sandbox_is_told_and_not_stored() -> None:
    assert "A stream begins." in sandbox.rehearse(frame(occasion="started")).sentences
    assert not Stream.objects.exists()


def test_a_made_up_event_is_like_one_that_joystick_sends() -> None:
    received = frame(occasion="raid", who="Kettle", amount=37)
    assert json.loads(received.raw)["message"]["type"] == "stream_dropped_in"
    assert received.event is not None and received.event.uid.startswith(made_up.MARK)


def test_it_takes_a_few_milliseconds_and_waits_for_nothing() -> None:
    defaults.seed()
    received = frame(occasion="tip", who="Bob", amount=1000)
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        sandbox.rehearse(received)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.1
