"""Every kind of effect: what its payload takes, at the bounds and beyond them, and what it does for the viewer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from economy.models import XP, Item, Points, Transaction, Viewer
from economy.viewers import inventory
from effects.library import confetti
from effects.library.alert import Alert
from effects.media import sounds
from effects.models import QueueItem, State
from effects.queue import control, items, playback, worker
from effects.registry import Effect, kinds, seconds
from effects.registry.values import alert, obs_scene, play_sound, speak
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.steps import MAX_TEXT, MAX_TITLE, mistakes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken")]

NAME = "x" * 200
# (kind, payload) at the bounds: the shortest or smallest first, then the longest or largest.
FITS: list[tuple[str, dict[str, Any]]] = [
    ("alert", {"text": "x", "seconds": 1}),
    (
        "alert",
        {
            **{"text": "x" * 500, "detail": "x" * 300, "design": "toast", "accent": "#00aaff", "place": "bottom-left"},
            **{"media": "m" * 40, "layout": "behind", "sound": "s" * 40, "volume": 0, "seconds": 60},
        },
    ),
    ("credits", {"title": "x", "last": "", "seconds": 5}),
    ("chat_line", {"text": "x"}),
    ("chat_line", {"text": "x" * 500}),
    ("reply", {"text": "x"}),
    ("reply", {"text": "x" * 1000}),
    ("confetti", {"colours": "", "amount": 1, "seconds": 1}),
    ("confetti", {"colours": "#ff5252, #FFD740 #69f0ae", "amount": 500, "seconds": 60}),
    ("grant_item", {"item": "h", "quantity": 1}),
    ("grant_item", {"item": "h" * 40, "quantity": 1_000_000}),
    ("grant_points", {"points": 1}),
    ("grant_points", {"points": 10**12}),
    ("grant_xp", {"xp": 1}),
    ("grant_xp", {"xp": 10**12}),
    ("obs_clip", {}),
    ("obs_filter", {"source": "s", "filter": "f"}),
    ("obs_filter", {"source": NAME, "filter": NAME, "enabled": False, "seconds": 3600}),
    ("obs_mute", {"input": "i"}),
    ("obs_mute", {"input": NAME, "muted": False, "seconds": 3600}),
    ("obs_record", {"action": "start"}),
    ("obs_record", {"action": "stop"}),
    ("obs_scene", {"scene": "s"}),
    ("obs_scene", {"scene": NAME, "seconds": 3600}),
    ("obs_source", {"scene": "s", "source": "s"}),
    ("obs_source", {"scene": NAME, "source": NAME, "visible": False, "seconds": 3600}),
    ("obs_stream", {"action": "start"}),
    ("obs_stream", {"action": "stop"}),
    ("obs_text", {"source": "s", "text": ""}),
    ("obs_text", {"source": NAME, "text": "x" * 500}),
    ("obs_volume", {"input": "i", "decibels": -100}),
    ("obs_volume", {"input": NAME, "decibels": 26}),
    ("osc", {"target": "t", "address": "/a", "value": "0"}),
    (
        "osc",
        {
            **{"target": "t" * 60, "address": "/" + "a" * 199, "type": "text", "value": "x" * 500, "back": "x" * 500},
            **{"seconds": 3600, "pulse_ms": 0},
        },
    ),
    ("osc", {"target": "t", "address": "/a", "type": "int", "value": "1", "seconds": 0, "pulse_ms": 10_000}),
    ("play_sound", {"sound": "s", "volume": 0}),
    ("play_sound", {"sound": "s" * 40, "volume": 1}),
    ("one_of", {"choices": [{"weight": 1, "effects": []}]}),
    ("one_of", {"how": "in turn", "choices": [{"weight": 1000, "effects": [{"kind": "obs_clip"}] * 20}] * 50}),
    ("only_if", {"effects": [{"kind": "obs_clip"}], "chance": 0.01}),
    (
        "only_if",
        {
            **{"least_role": "the streamer", "least_level": 1_000_000, "live": True, "chance": 100},
            **{"effects": [{"kind": "obs_clip"}] * 20, "otherwise": [{"kind": "obs_clip"}] * 20},
        },
    ),
    ("run_effects", {"effects": [{"kind": "obs_clip"}]}),
    ("saved", {"name": "n"}),
    ("saved", {"name": "n" * 60}),
    ("show_media", {"media": "m", "seconds": 1, "volume": 0}),
    ("show_media", {"media": "m" * 40, "text": "x" * 500, "place": "full", "seconds": 600, "sound": True}),
    ("speak", {"text": "x", "rate": 50, "volume": 0}),
    ("speak", {"text": "x" * MAX_TEXT, "rate": 500, "volume": 1}),
    ("spin_wheel", {}),
    ("wait", {"seconds": 0.1}),
    ("wait", {"seconds": 3600}),
    ("webhook", {"url": "h"}),
    ("webhook", {"url": "h" * 500, "text": "x" * 1000}),
    ("webhook", {"target": "t" * 60, "text": "x" * 1000, "amount": "1" * 40, "action": "a" * 200}),
]
# (kind, payload, the field that is wrong)
DOES_NOT_FIT: list[tuple[str, dict[str, Any], str]] = [
    ("credits", {"title": ""}, "title"),
    ("credits", {"seconds": 301}, "seconds"),
    ("alert", {"text": ""}, "text"),
    ("alert", {"text": "   "}, "text"),
    ("alert", {"text": "x" * 501}, "text"),
    ("alert", {"text": "x", "seconds": 0.9}, "seconds"),
    ("alert", {"text": "x", "seconds": 60.1}, "seconds"),
    ("alert", {"text": "x", "seconds": float("nan")}, "seconds"),
    ("alert", {"text": "x", "design": "box"}, "design"),
    ("alert", {"text": "x", "accent": "red"}, "accent"),
    ("alert", {"text": "x", "accent": "#00aaf"}, "accent"),
    ("alert", {"text": "x", "place": "full"}, "place"),
    ("alert", {"text": "x", "detail": "x" * 301}, "detail"),
    ("alert", {"text": "x", "media": "m" * 41}, "media"),
    ("alert", {"text": "x", "volume": 1.1}, "volume"),
    ("confetti", {"colours": "red"}, "colours"),
    ("confetti", {"colours": "#ff5252#ffd740"}, "colours"),
    ("confetti", {"colours": "#ff525"}, "colours"),
    ("confetti", {"colours": "#ff5252 " * 21}, "colours"),
    ("confetti", {"amount": 0}, "amount"),
    ("confetti", {"amount": 501}, "amount"),
    ("confetti", {"seconds": 0.9}, "seconds"),
    ("confetti", {"seconds": 60.1}, "seconds"),
    ("chat_line", {"text": ""}, "text"),
    ("chat_line", {"text": "x" * 501}, "text"),
    ("reply", {"text": ""}, "text"),
    ("reply", {"text": "x" * 1001}, "text"),
    ("grant_item", {"item": ""}, "item"),
    ("grant_item", {"item": "h", "quantity": 0}, "quantity"),
    ("grant_item", {"item": "h", "quantity": 1_000_001}, "quantity"),
    ("grant_points", {"points": 0}, "points"),
    ("grant_points", {"points": -5}, "points"),
    ("grant_points", {"points": 10**12 + 1}, "points"),
    ("grant_points", {"points": 1.5}, "points"),
    ("grant_points", {}, "points"),
    ("grant_xp", {"xp": 0}, "xp"),
    ("grant_xp", {"xp": 10**12 + 1}, "xp"),
    ("obs_clip", {"seconds": 5}, "seconds"),
    ("obs_filter", {"source": "", "filter": "f"}, "source"),
    ("obs_filter", {"source": "s"}, "filter"),
    ("obs_filter", {"source": "s", "filter": "f", "seconds": 3601}, "seconds"),
    ("obs_mute", {"input": ""}, "input"),
    ("obs_mute", {"input": "i", "seconds": -1}, "seconds"),
    ("obs_record", {"action": "pause"}, "action"),
    ("obs_scene", {"scene": NAME + "x"}, "scene"),
    ("obs_scene", {"scene": "s", "seconds": 3601}, "seconds"),
    ("obs_source", {"scene": "s"}, "source"),
    ("obs_source", {"scene": "s", "source": "s", "seconds": -0.1}, "seconds"),
    ("obs_stream", {"action": ""}, "action"),
    ("obs_text", {"source": "s", "text": "x" * 501}, "text"),
    ("obs_volume", {"input": "i", "decibels": -100.1}, "decibels"),
    ("obs_volume", {"input": "i", "decibels": 26.1}, "decibels"),
    ("osc", {"target": "t" * 61, "address": "/a", "value": "0"}, "target"),
    ("osc", {"target": "t", "address": "/" + "a" * 200, "value": "0"}, "address"),
    ("osc", {"target": "t", "address": "/a", "type": "text", "value": "x" * 501}, "value"),
    ("osc", {"target": "t", "address": "/a", "value": ""}, "value"),
    ("osc", {"target": "t", "address": "/a", "value": "0", "seconds": 3601}, "seconds"),
    ("osc", {"target": "t", "address": "/a", "value": "0", "pulse_ms": 10_001}, "pulse_ms"),
    ("osc", {"target": "t", "address": "/a", "value": "0", "pulse_ms": 0.5}, "pulse_ms"),
    ("play_sound", {"sound": ""}, "sound"),
    ("play_sound", {"sound": "s", "volume": 1.01}, "volume"),
    ("one_of", {"choices": []}, "choices"),
    ("one_of", {"choices": [{}] * 51}, "choices"),
    ("one_of", {"choices": [{"weight": 0}]}, "choices.0.weight"),
    ("one_of", {"choices": [{"weight": 1001}]}, "choices.0.weight"),
    ("one_of", {"choices": [{}], "how": "by hand"}, "how"),
    ("only_if", {"effects": []}, "effects"),
    ("only_if", {"effects": [{"kind": "obs_clip"}], "chance": 0}, "chance"),
    ("only_if", {"effects": [{"kind": "obs_clip"}], "chance": 101}, "chance"),
    ("only_if", {"effects": [{"kind": "obs_clip"}], "least_level": 0}, "least_level"),
    ("only_if", {"effects": [{"kind": "obs_clip"}], "least_role": "nobody"}, "least_role"),
    ("wait", {}, "seconds"),
    ("wait", {"seconds": 0.09}, "seconds"),
    ("wait", {"seconds": 3600.1}, "seconds"),
    ("run_effects", {"effects": []}, "effects"),
    ("run_effects", {"effects": ["obs_clip"]}, "effects"),
    ("saved", {"name": ""}, "name"),
    ("saved", {"name": "n" * 61}, "name"),
    ("show_media", {"media": ""}, "media"),
    ("show_media", {"media": "m", "place": "behind"}, "place"),
    ("show_media", {"media": "m", "seconds": 0.9}, "seconds"),
    ("show_media", {"media": "m", "text": "x" * 501}, "text"),
    ("show_media", {"media": "m", "volume": 1.1}, "volume"),
    ("speak", {"text": ""}, "text"),
    ("speak", {"text": "x" * (MAX_TEXT + 1)}, "text"),
    ("speak", {"text": "x", "rate": 49}, "rate"),
    ("speak", {"text": "x", "rate": 501}, "rate"),
    ("speak", {"text": "x", "volume": -0.1}, "volume"),
    ("spin_wheel", {"prize": "A"}, "prize"),
    ("webhook", {"url": ""}, "url"),
    ("webhook", {"url": "h" * 501}, "url"),
    ("webhook", {"url": "h", "text": "x" * 1001}, "text"),
    ("webhook", {}, "url"),
    ("webhook", {"target": "t", "url": "h"}, "url"),
    ("webhook", {"target": "t", "amount": "1" * 41}, "amount"),
    ("webhook", {"target": "t", "action": "a" * 201}, "action"),
]


def parse(kind: str, payload: dict[str, Any]) -> Any:
    found = kinds.get(kind)
    assert found is not None
    return found.parse(payload)


class TestPayloads:
    def test_every_kind_is_tried_here(self) -> None:
        assert {kind for kind, _ in FITS} == set(kinds) == {kind for kind, _, _ in DOES_NOT_FIT}

    @pytest.mark.parametrize(("kind", "payload"), FITS)
    def test_it_takes_what_is_within_its_bounds(self, kind: str, payload: dict[str, Any]) -> None:
        parsed = parse(kind, payload).model_dump()
        assert {name: parsed[name] for name in payload} == payload

    @pytest.mark.parametrize(("kind", "payload", "field"), DOES_NOT_FIT)
    def test_it_refuses_what_is_beyond_them_and_names_the_field(
        self, kind: str, payload: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(Failed, match=f"the effect's fields do not fit: {field}"):
            parse(kind, payload)
        (mistake,) = mistakes([{"kind": kind, **payload}])
        assert mistake.startswith(f"Effect 1, {kind}: {field}")


class TestGrants:
    @pytest.mark.parametrize(
        "step",
        [
            {"kind": "grant_points", "points": 5},
            {"kind": "grant_xp", "xp": 5},
            {"kind": "grant_item", "item": "hat"},
        ],
    )
    def test_nobody_gets_nothing(self, step: dict[str, Any]) -> None:
        payload = {name: value for name, value in step.items() if name != "kind"}
        item = items.enqueue(Effect(step["kind"], payload))
        assert item.state == State.FAILED and item.error.startswith("nobody is there to get")
        assert not Transaction.objects.exists()

    @pytest.mark.parametrize(("kind", "payload"), [("grant_points", {"points": 5}), ("grant_xp", {"xp": 5})])
    def test_performed_twice_as_after_a_crash_it_is_given_once(
        self, viewer: Callable[..., Viewer], kind: str, payload: dict[str, Any]
    ) -> None:
        bob = viewer("Bob", points=100)
        item = items.enqueue(Effect(kind, payload), viewer=bob)
        QueueItem.objects.update(state=State.RUNNING)
        item.refresh_from_db()
        items.perform(item)
        assert Points.objects.get(viewer=bob).balance == (105 if kind == "grant_points" else 100)
        assert sum(XP.objects.filter(viewer=bob).values_list("total", flat=True)) == (5 if kind == "grant_xp" else 0)

    def test_two_items_give_twice(self, viewer: Callable[..., Viewer]) -> None:
        Item.objects.create(key="hat", name="Silly hat")
        bob = viewer("Bob")
        for _ in range(2):
            items.enqueue(Effect("grant_item", {"item": "hat", "quantity": 3}), viewer=bob)
        assert inventory.held(bob) == [("Silly hat", 6)]


class TestAlert:
    def test_it_lasts_five_seconds_where_nobody_says(self) -> None:
        assert Alert.model_validate({"text": "x"}).seconds == 5 == alert("x").payload["seconds"]


class TestConfetti:
    def test_it_falls_in_the_colours_that_are_named_else_in_bright_ones(self, frames: list[dict[str, Any]]) -> None:
        for payload in ({"colours": "#ff5252, #FFD740", "amount": 9, "seconds": 2}, {}):
            item = items.enqueue(Effect(confetti.confetti.__name__, payload))
            worker.drain("effect")
            playback.finished(item.pk, 1)
        assert [frame["colours"] for frame in frames if frame.get("show") == "confetti"] == [
            ["#ff5252", "#FFD740"],
            list(confetti.COLOURS),
        ]
        assert (frames[0]["amount"], frames[0]["seconds"]) == (9, 2)


class TestSequenceOfUnknown:
    def test_without_any_known_effect_it_fails(self, viewer: Callable[..., Viewer]) -> None:
        item = items.enqueue(Effect("run_effects", {"effects": [{"kind": "gone"}, {"kind": "lost"}]}))
        assert item.state == State.FAILED and "there is no effect called “lost”" in item.error

    def test_a_sequence_of_nothing_but_empty_sequences_fails(self) -> None:
        item = items.enqueue(Effect("run_effects", {"effects": [{"kind": "run_effects", "effects": []}]}))
        assert (item.state, item.error) == (State.FAILED, "there are no effects in it")


class TestLengths:
    def test_a_sequence_lasts_as_long_as_its_parts_together(self) -> None:
        inner = {"kind": "run_effects", "effects": [{"kind": "alert", "text": "x", "seconds": 4}]}
        steps = [{"kind": "alert", "text": "x", "seconds": 3}, inner, {"kind": "obs_clip"}, {"kind": "gone"}]
        assert seconds(Effect("run_effects", {"effects": steps})) == 7

    def test_a_payload_that_does_not_fit_has_no_length(self) -> None:
        with pytest.raises(Failed, match="seconds"):
            seconds(alert("x", seconds=61))

    def test_a_sound_lasts_as_long_as_its_file_and_a_missing_one_no_time(self) -> None:
        sounds.seed()
        fanfare = sounds.named("fanfare")
        assert fanfare is not None and fanfare.seconds > 0
        assert seconds(play_sound("fanfare")) == fanfare.seconds
        assert seconds(play_sound("nosuch")) == 0

    def test_a_longer_text_and_a_slower_voice_last_longer(self) -> None:
        short, long = speak("one two three"), speak("one two three " * 10)
        assert 0 < seconds(short) < seconds(long)
        assert seconds(speak("one two three " * 10, rate=60)) > seconds(long)


class TestValues:
    def test_what_is_left_out_of_speech_is_not_in_its_payload(self) -> None:
        assert speak("hi").payload == {"text": "hi", "source": "system"}
        styled = speak("hi", source="tip", voice="en", rate=90, volume=0.0)
        assert styled.payload == {"text": "hi", "source": "tip", "voice": "en", "rate": 90, "volume": 0.0}

    def test_texts_and_titles_that_are_too_long_are_cut(self) -> None:
        effect = speak("x" * (MAX_TEXT + 50))
        assert len(effect.payload["text"]) == MAX_TEXT and len(effect.title) == min(MAX_TEXT, MAX_TITLE)
        assert len(alert("x" * 500).title) == MAX_TITLE
        item = items.enqueue(Effect("speak", effect.payload, "x" * (MAX_TITLE + 50)))
        assert len(item.title) == MAX_TITLE

    def test_a_sound_that_was_deleted_since_fails_with_its_name(self) -> None:
        item = items.enqueue(play_sound("nosuch"))
        worker.drain("effect")
        item.refresh_from_db()
        assert (item.state, item.error) == (State.FAILED, "there is no sound called nosuch")

    def test_what_the_code_asks_for_fits_its_kind(self) -> None:
        for effect in (alert("x"), obs_scene("Game", 5), play_sound("fanfare"), speak("x", voice="en")):
            assert mistakes([effect.step]) == []


def test_an_effect_done_again_gives_again(viewer: Callable[..., Viewer]) -> None:
    bob = viewer("Bob", points=100)
    item = items.enqueue(Effect("grant_points", {"points": 5}), viewer=bob)
    control.requeue(item, by="fox")
    assert Points.objects.get(viewer=bob).balance == 110
