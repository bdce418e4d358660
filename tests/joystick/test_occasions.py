"""Each occasion, from the frame to the line and the effect, and *Try* for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from effects.models import QueueItem
from joystick.models import InboundEvent, Reaction
from joystick.reactions import sentences
from joystick.reactions.kinds import occasions
from joystick.simulator.happenings import (
    Happening,
    chat,
    ended,
    enter,
    follow,
    gift,
    raid,
    spin,
    started,
    subscribe,
    tip,
)
from pixelbot_site.kit.words import names as names_of_words

pytestmark = pytest.mark.django_db

Happens = Callable[..., list[str]]

# For each occasion: what has happened before, a happening by Bob, its subject, and a line with every word filled in.
OCCASIONS: dict[str, tuple[list[Happening], Happening, str, str, str]] = {
    "follow": ([], follow("Bob"), "", "{user}", "Bob"),
    "subscribe": ([], subscribe("Bob", 3), "", "{user} {months}", "Bob 3"),
    "resubscribe": ([], Happening("resubscribed", "Bob", "", {"how_much": 1, "how_long": 4}), "", "{user}", "Bob"),
    "gift": ([], gift("Bob", 5), "", "{user} {count}", "Bob 5"),
    "raid": ([], raid("Bob", 37), "", "{user} {viewers}", "Bob 37"),
    "tip": ([], tip("Bob", 14), "", "{item}{user} {tokens}", "Bob 14"),
    "menu_item": ([], tip("Bob", 25, "Song"), "Song", "{user} {tokens} {item}", "Bob 25 Song"),
    "wheel": ([], spin("Bob", 50, "Hat"), "Hat", "{user} {tokens} {prize}", "Bob 50 Hat"),
    "stream_started": ([], started(), "", "live", "live"),
    "stream_ended": ([started()], ended(), "", "bye", "bye"),
    "dropin": ([], enter("Bob"), "", "{user}", "Bob"),
    "goal": (
        [],
        Happening("tip_goal_met", "Bob", "", {"title": "Camera", "amount": 500}),
        "Camera",
        "{user} {title} {tokens}",
        "Bob Camera 500",
    ),
    "milestone": (
        [],
        Happening("milestone_completed", "Bob", "", {"title": "Half", "amount": 250}),
        "Half",
        "{user} {title} {tokens}",
        "Bob Half 250",
    ),
    "item_locked": (
        [],
        Happening("tip_menu_item_locked", "", "", {"title": "Song", "amount": 50}),
        "Song",
        "{title} {tokens}",
        "Song 50",
    ),
    "item_unlocked": (
        [],
        Happening("tip_menu_item_unlocked", "", "", {"title": "Song", "amount": 50}),
        "Song",
        "{title} {tokens}",
        "Song 50",
    ),
    "subathon_started": ([], Happening("subathon_started"), "", "on", "on"),
    "subathon_extended": (
        [],
        Happening("subathon_extended", "Bob", "", {"seconds": 90, "source": "tip", "banked": False}),
        "",
        "{user} {seconds}",
        "Bob 90",
    ),
    "subathon_ended": ([], Happening("subathon_ended"), "", "off", "off"),
    "pvp_started": ([], Happening("pvp_session_started"), "", "fight", "fight"),
    "pvp_ended": ([], Happening("pvp_session_ended"), "", "over", "over"),
    "device_connected": ([], Happening("device_connected"), "", "on", "on"),
    "device_disconnected": ([], Happening("device_disconnected"), "", "off", "off"),
    "word": ([], chat("Bob", "good morning"), "good morning", "{user}", "Bob"),
    "first_line": ([chat("Bob", "hi"), started()], chat("Bob", "hello"), "", "{user}", "Bob"),
    "first_line_ever": ([enter("Bob")], chat("Bob", "hello"), "", "{user}", "Bob"),
    "back": ([chat("Bob", "hi")], chat("Bob", "hello"), "", "{user} {days}", "Bob 10"),
    "level_up": ([], tip("Bob", 2000), "", "{user} {level}", "Bob 2"),
}
each_occasion = pytest.mark.parametrize("name", list(OCCASIONS))
with_subject = pytest.mark.parametrize("name", [name for name, told in OCCASIONS.items() if told[2]])


@pytest.fixture
def bot(deliver: Callable[..., None], said: list[str], django_capture_on_commit_callbacks: Any) -> Happens:
    """Lets something happen; returns what the bot says and speaks."""

    def let(*happenings: Happening) -> list[str]:
        said.clear()
        QueueItem.objects.all().delete()
        with django_capture_on_commit_callbacks(execute=True):
            deliver(*(replace(happening, uid=str(uuid4())) for happening in happenings))
        return said + [f"SPOKEN {item.payload['text']}" for item in QueueItem.objects.filter(lane="tts").order_by("id")]

    return let


def long_before(bot: Happens, happenings: list[Happening]) -> None:
    bot(*happenings)
    InboundEvent.objects.update(received_at=timezone.now() - timedelta(days=10, hours=1))


def test_visits_are_counted_once(bot: Happens) -> None:
    for name in ("first_line", "first_line_ever", "back"):
        Reaction.objects.create(occasion=name, lines=f"{name} {{user}}")
    assert bot(chat("Bob", "a"), chat("BOB", "b"), chat("Ann", "!hm")) == ["first_line_ever Bob", "first_line_ever Ann"]
    assert bot(chat("Bob", "c")) == []
    assert bot(started(), chat("Cid", "a")) == ["first_line_ever Cid"]
    assert bot(chat("Bob", "c"), chat("Bob", "d")) == ["first_line Bob"]
    assert bot(chat("Bob", "e")) == []


def test_every_occasion_is_tried_here() -> None:
    assert set(OCCASIONS) == set(occasions)


@each_occasion
def test_each_occasion_has_its_line_and_its_effects_with_the_words_filled_in(bot: Happens, name: str) -> None:
    before, happening, _, template, line = OCCASIONS[name]
    long_before(bot, before)
    Reaction.objects.create(occasion=name, lines=template, effects=[{"kind": "speak", "text": template}])
    assert bot(happening) == [line, f"SPOKEN {line}"]


@each_occasion
def test_an_example_fills_in_every_word_that_the_event_does(name: str) -> None:
    _, _, subject, template, _ = OCCASIONS[name]
    kind = occasions.get(name)
    assert kind is not None
    assert names_of_words(template) - {"user"} == set(kind.words)
    assert bool(kind.subject) == bool(subject)
    assert set(kind.example("Bob").words) == set(kind.words)


@each_occasion
def test_a_row_of_one_occasion_is_for_no_other(bot: Happens, name: str) -> None:
    before, happening, *_ = OCCASIONS[name]
    long_before(bot, before)
    for other in set(occasions) - {name}:
        Reaction.objects.create(occasion=other, lines=f"line of {other}")
    said = bot(happening)
    assert f"line of {name}" not in said
    # A tip for an item is also a tip, and what pays may bring a level: that is all that occasions share.
    shared = {
        "menu_item": ["line of tip"],
        "level_up": ["line of tip"],
        "word": ["line of first_line_ever"],
        # Of visits, only the most special one counts.
        "first_line": ["line of back", "line of word"],
        "first_line_ever": ["line of word"],
        "back": ["line of word"],
    }
    assert [line for line in said if line != "line of level_up"] == shared.get(name, [])


@with_subject
def test_with_a_subject_a_row_is_for_that_one_only(bot: Happens, name: str) -> None:
    _, happening, subject, *_ = OCCASIONS[name]
    Reaction.objects.create(occasion=name, subject="something else", lines="another's")
    assert bot(replace(happening, uid="first")) == []
    row = Reaction.objects.create(occasion=name, subject=f" {subject.upper()}", lines="its own")
    assert bot(replace(happening, uid="second")) == ["its own"]
    Reaction.objects.filter(pk=row.pk).update(enabled=False)
    Reaction.objects.create(occasion=name, lines="for all")
    assert bot(replace(happening, uid="third")) == ["for all"]


@pytest.mark.usefixtures("stage")
@each_occasion
def test_each_occasion_can_be_tried(admin_client: Client, name: str) -> None:
    template = OCCASIONS[name][3]
    kind = occasions.get(name)
    assert kind is not None
    effects = json.dumps([{"kind": "alert", "text": f"seen {template}"}])
    form = {"occasion": name, "lines": template, "effects": effects, "enabled": "on", "_try": "x"}
    answer = admin_client.post("/admin/joystick/reaction/add/", form)
    (sentence,) = [str(message) for message in answer.context["messages"]]
    words = {"user": "admin", **kind.words}
    line = template
    for word, example in words.items():
        line = line.replace(f"{{{word}}}", str(example))
    assert f"A test does not say in chat “{line}”." in sentence
    assert QueueItem.objects.get().payload["text"] == f"seen {line}"
    assert not Reaction.objects.exists()


@each_occasion
def test_the_sentence_of_each_row_begins_with_its_occasion(name: str) -> None:
    kind = occasions.get(name)
    assert kind is not None
    row = Reaction(occasion=name, lines="hi", cooldown_seconds=60, viewer_cooldown_seconds=0)
    assert sentences.sentence(row) == f"When {kind.title}: say “hi”, once a minute."


def test_nobody_sees_a_reaction_to_the_bot_itself(bot: Happens, settings: Any) -> None:
    settings.BOT_USERNAME = "PixelBot"
    Reaction.objects.create(occasion="dropin", lines="hi {user}")
    assert bot(enter("pixelbot"), enter("Bob")) == ["hi Bob"]
