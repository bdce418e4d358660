"""Renamed and forgotten viewers in the feed: in pieces, to the end, and in what the platform wrote of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from economy.models import Viewer
from economy.viewers import forgetting, merging
from effects.models import Deed, Lane, QueueItem
from effects.queue import control, items
from effects.registry.values import speak
from joystick.inbox import name_changes, receive
from joystick.models import InboundEvent, NameChange
from joystick.protocol.frames import ReceivedFrame, read_frame
from joystick.simulator.happenings import Happening, chat, tip
from pixelbot_site.kit import pieces
from tests.single_migrations import migrate, migrate_back

pytestmark = pytest.mark.django_db

Deliver = Callable[..., None]
Settle = Callable[[], None]


def person(name: str) -> Viewer:
    return Viewer.objects.get(key=name.casefold())


def names() -> list[str]:
    return list(InboundEvent.objects.order_by("id").values_list("username", flat=True))


def hand_in(text: str) -> None:
    received = read_frame(text)
    assert isinstance(received, ReceivedFrame)
    receive.receive([received])


def test_the_feed_follows_in_pieces_and_nothing_of_it_is_in_the_transaction_that_forgets(
    deliver: Deliver, settle_names: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_changes, "PIECE", 2)
    deliver(*(chat("Bob", f"line {number}") for number in range(5)), chat("Ann", "hello"))
    with CaptureQueriesContext(connection) as asked:
        forgetting.forget(person("Bob"))
    assert not [query for query in asked if 'UPDATE "joystick_inboundevent"' in query["sql"]]
    left = []
    while name_changes.step():
        left.append(names().count("Bob"))
    assert left[:3] == [3, 1, 0]
    assert names() == [""] * 5 + ["Ann"] and not NameChange.objects.exists()


def test_what_was_broken_off_goes_on_where_it_was(
    deliver: Deliver, settle_names: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_changes, "PIECE", 1)
    deliver(chat("Bob", "one"), chat("Bob", "two"))
    merging.rename(person("Bob"), "Robert")
    name_changes.step()  # and then the process died
    assert names() == ["Robert", "Bob"]
    deliver(chat("Bob", "I am another Bob"), chat("Robert", "and I am I"))
    settle_names()
    assert names() == ["Robert", "Robert", "Bob", "Robert"]
    assert InboundEvent.objects.filter(viewer_key="robert").count() == 3


def test_one_worker_at_a_time_is_at_it(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "GAP", 0)
    deliver(chat("Bob", "one"))
    merging.rename(person("Bob"), "Robert")
    during: list[list[str]] = []

    def step_with_a_rival() -> bool:
        if not during:
            during.append(names())
            name_changes.work()
            during.append(names())
        return step()

    step = name_changes.step
    monkeypatch.setattr(name_changes, "step", step_with_a_rival)
    name_changes.work()
    assert during == [["Bob"], ["Bob"]] and names() == ["Robert"]


def test_others_may_write_after_each_piece(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(chat("bob", "one"))
    merging.rename(person("bob"), "Robert")
    pauses: list[float] = []
    monkeypatch.setattr(pieces, "pause", pauses.append)
    name_changes.work()
    assert names() == ["Robert"] and len(pauses) > 1


def test_a_new_spelling_of_the_same_name_comes_to_an_end(deliver: Deliver, settle_names: Settle) -> None:
    deliver(chat("bob", "one"), chat("bob", "two"))
    merging.rename(person("bob"), "BOB")
    settle_names()
    assert names() == ["BOB", "BOB"]


class TestMentions:
    """What the platform, or a frame that nobody understood, says of a viewer who is forgotten."""

    @pytest.mark.parametrize("version", ["v1", "v2"])
    @pytest.mark.parametrize("name", ["Secretive", "Émile🦊", "a.b"])
    def test_no_row_has_the_name(self, deliver: Deliver, settle_names: Settle, name: str, version: str) -> None:
        deliver(
            tip(name, 15),
            Happening("bot_message", text=f"{name.upper()} tipped 15 tokens"),
            Happening("user_muted", "Moderator", f"Moderator muted {name}", {"who": "Moderator"}),
            Happening("something_new", text="well", data={"whom": [{"name": name}]}),
            version=version,
        )
        hand_in(json.dumps({"message": {"type": "tipped", "text": f"line\n{name} tipped", "id": "x1"}}))
        hand_in(f'{{"message": "{name}')
        forgetting.forget(person(name))
        settle_names()
        for row in InboundEvent.objects.values():
            assert name.casefold() not in name_changes.plain(str(row)), row
        assert InboundEvent.objects.count() == 6 and not NameChange.objects.exists()

    def test_others_lines_and_longer_names_stay(self, deliver: Deliver, settle_names: Settle) -> None:
        deliver(
            chat("The", "hello"), chat("Ann", "the weather"), Happening("bot_message", text="Theodora tipped 5 tokens")
        )
        forgetting.forget(person("The"))
        settle_names()
        assert set(InboundEvent.objects.values_list("text", flat=True)) == {
            "",
            "the weather",
            "Theodora tipped 5 tokens",
        }

    def test_an_earlier_name_is_looked_for_too(
        self, deliver: Deliver, viewer: Callable[..., Viewer], settle_names: Settle
    ) -> None:
        announced = Happening("bot_message", text="Bob tipped 15 tokens")
        deliver(tip("Bob", 15), announced)
        merging.rename(person("Bob"), "Robert")
        settle_names()
        merging.merge(person("Robert"), viewer("New"))
        forgetting.forget(person("New"))
        settle_names()
        assert not InboundEvent.objects.exclude(text="", raw="", username="").exists()
        assert not NameChange.objects.exists()

    def test_windows_reach_the_last_event(
        self, deliver: Deliver, settle_names: Settle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(name_changes, "WINDOW", 2)
        deliver(chat("Bob", "x"), *(Happening("bot_message", text=f"Bob tipped {number}") for number in range(6)))
        forgetting.forget(person("Bob"))
        settle_names()
        assert not InboundEvent.objects.exclude(text="").exists()


def test_others_may_write_between_two_viewers_who_are_forgotten_at_once(
    viewer: Callable[..., Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    fox = Client()
    fox.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    chosen = [viewer(name).pk for name in ("Ann", "Bob", "Cat")]
    fox.post("/admin/economy/viewer/", {"action": "forget", "sure": "yes", "_selected_action": chosen})
    assert Viewer.objects.filter(key__startswith="forgotten:").count() == 3 and len(pauses) == 2


def test_who_steered_the_queue_leaves_no_name_there(viewer: Callable[..., Viewer]) -> None:
    bob = viewer("Bob")
    item = items.enqueue(speak("hello"), viewer=viewer("Ann"))
    QueueItem.objects.filter(pk=item.pk).update(by="BOB")
    Deed.objects.create(item=item, by="BOB", what="it was approved")
    control.pause("tts", by="Bob")
    control.panic(by="Bob")
    merging.rename(bob, "Robert")
    assert Deed.objects.get(what="it was approved").by == "Robert"
    assert set(Lane.objects.exclude(paused_by="").values_list("paused_by", flat=True)) == {
        "Robert",
        "panic by Robert",
    }
    forgetting.forget(bob)
    for row in (*Deed.objects.values(), *Lane.objects.values(), *QueueItem.objects.values()):
        assert not {"bob", "robert"} & set(str(row).casefold().replace("'", " ").split())


def test_a_failed_event_of_a_forgotten_viewer_is_not_handled_again(deliver: Deliver, settle_names: Settle) -> None:
    deliver(chat("Bob", "hello"))
    InboundEvent.objects.update(state="failed")
    forgetting.forget(person("Bob"))
    settle_names()
    assert receive.retry_failed(list(InboundEvent.objects.all())) == 0
    assert InboundEvent.objects.get().state == "failed"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plan")
def test_a_viewers_events_are_found_by_an_index() -> None:
    plan = InboundEvent.objects.filter(viewer_key="bob", pk__gt=5).order_by("pk").explain()
    assert "event_of_viewer" in plan and "TEMP B-TREE" not in plan


@pytest.mark.django_db(transaction=True)
def test_events_of_earlier_versions_get_their_key_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("joystick.migrations.0005_fill_viewer_keys"), "PIECE", 2)
    rows = migrate_back([("joystick", "0003_effects")]).get_model("joystick", "InboundEvent").objects
    spelled = ["Bob", "ÄPFEL", "", " Ann ", "bob"]
    for number, username in enumerate(spelled):
        rows.create(uid=str(number), kind="new_message", username=username, raw="{}", received_at=timezone.now())
    migrate()
    keys = list(InboundEvent.objects.order_by("id").values_list("viewer_key", flat=True))
    assert keys == ["bob", "äpfel", None, "ann", "bob"]
