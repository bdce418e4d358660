"""Words in braces are filled in once, in one pass, wherever they stand, and forms refuse those that would not be."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from economy.models import LevelReward, Viewer
from joystick.channel import streams
from joystick.models import Install, Stream
from joystick.simulator.happenings import Happening, goal, tip, viewer_count
from pixelbot_site.kit import words
from pixelbot_site.kit.steps import planned
from pixelbot_site.kit.words import KnownWords, Word, fill, fill_all, is_plain, mistakes


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("{n} {n:item|items}", {"n": 1}, "1 item"),
        ("{n} {n:item|items}", {"n": 0}, "0 items"),
        ("{n:one|{n} many}", {"n": 3}, "3 many"),
        ("{n:a {point.name}|{n} {points.name}}", {"n": 1}, "a point"),
        ("{n:a {point.name}|{n} {points.name}}", {"n": 2}, "2 points"),
        ("{a} {b}", {"a": "{b}", "b": "{a}"}, "{b} {a}"),
        ("done. {left}", {"left": ""}, "done."),
        ("a {gap} b, {gap}.", {"gap": ""}, "a b,."),
        ("{unknown} stays {n}", {"n": 2}, "{unknown} stays 2"),
        ("{name} stays as it is", {"name": "a  b ,"}, "a  b , stays as it is"),
        ("{user} {viewers} {other} {", {"user": "Bob", "viewers": 3}, "Bob 3 {other} {"),
        ("{n} tokens, {n} viewers: {n}!", {"n": 1}, "1 token, 1 viewer: 1!"),
        ("{n} tokens, {n} viewers: {n}!", {"n": 11}, "11 tokens, 11 viewers: 11!"),
        ("{n} boss and {n} tokensmiths", {"n": 1}, "1 boss and 1 tokensmiths"),
        ("hi {name|everybody}", {"name": ""}, "hi everybody"),
        ("hi {name|everybody}", {"name": "Bob"}, "hi Bob"),
        ("hugs {1|everybody}", {"user": "Ann", "text": ""}, "hugs everybody"),
        ("hugs {1|everybody}", {"user": "Ann", "text": "Bob {2}"}, "hugs Bob"),
        ("hugs {1}", {"user": "Ann", "text": ""}, "hugs nothing"),
        ("{2}: {rest}", {"text": "a  b c"}, "b: b c"),
        ("{target}", {"user": "Ann", "text": ""}, "Ann"),
        ("{pick: yes |yes}", {}, "yes"),
        ("{random:7-7}", {}, "7"),
        ("{random:7}{random}", {}, ""),
        ("{random:x|none}", {}, "none"),
        ("{points.name}{point.name}", {}, "pointspoint"),
        ("{", {}, "{"),
        ("{{n}}", {"n": 1}, "{1}"),
        ("{}{:}{|}{n:}", {}, "{}{:}{|}{n:}"),
    ],
)
def test_filling(template: str, values: dict[str, Any], text: str) -> None:
    assert fill(template, values) == text


@given(st.text("{}|:.abpointsrandmcker12 -", max_size=40), st.text("{}|:1 user", max_size=10))
@example("{pick:a|b}{time}", "{user}")
def test_what_a_viewer_typed_is_never_read_as_words(typed: str, name: str) -> None:
    values = {"user": name, "text": typed, "item": typed}
    assert fill("<{text}>{user}{item|none}", values) == f"<{typed}>{name}{typed or 'none'}"
    (effect,) = planned([{"kind": "alert", "text": "{text}{user}", "more": [{"a": "{text}"}]}], values)
    assert effect.payload == {"text": typed + name, "more": [{"a": typed}]}
    # What follows in a sequence was filled in when it was planned.
    (again,) = planned([effect.step], None)
    assert again.payload == effect.payload


@given(st.text("{}|:.abc12 ", max_size=60))
def test_no_text_raises_or_grows_by_itself(template: str) -> None:
    assert len(fill(template, {})) <= len(template)
    mistakes(template, ())


def test_a_structure_keeps_its_keys_and_its_numbers() -> None:
    assert fill_all({"{n}": ["{n}", 5, None, {"a": "{n}"}]}, {"n": 2}) == {"{n}": ["2", 5, None, {"a": "2"}]}


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("{user} {viewers} {goal.left} {random:1-6} {pick:a|b}", ""),
        ("{item} and {itm}", "{itm} is not filled in here. Available: {item}, {user}, {counter}, "),
        ("{n:a|{x}}", "{n} is not filled in here."),
        ("{item:a|{x}}", "{x} is not filled in here."),
        ("{1}", "{1} is not filled in here."),
        ("{random}", "{random:…} takes two whole numbers"),
        ("{random:9-1}", "{random:…} takes the smaller number first"),
        ("{random:1-x|5}", "{random:…} takes two whole numbers"),
        ("{pick:a}", "{pick:…} takes texts with bars"),
        ("{uptime:x}", "{uptime} has nothing after it"),
    ],
)
def test_a_form_says_what_would_not_be_filled_in(text: str, beginning: str) -> None:
    found = mistakes([{"kind": "alert", "text": text}], ("user", "item"))
    assert len(found) == bool(beginning) and "".join(found).startswith(beginning)
    if beginning:
        with pytest.raises(ValidationError, match=r"not filled|takes|nothing"):
            KnownWords("user", "item")(text)


def test_a_texts_own_values_win_over_words_of_every_text() -> None:
    assert fill("{level} {points}", {"user": "Bob", "level": 9, "points": 3}) == "9 3"


def test_lines_that_wait_are_joined_only_where_their_words_are_plain() -> None:
    values = {"user": "Bob", "tokens": 5}
    assert is_plain("thanks {user} for {tokens}", values)
    for text in ("{user} {time}", "{tokens:one|many}", "{user|nobody}"):
        assert not is_plain(text, values)


def test_a_database_that_fails_is_no_word_that_breaks(monkeypatch: Any) -> None:
    def broken(values: object, argument: str) -> str:
        raise OperationalError("gone")

    monkeypatch.setitem(words.words._things, "broken", Word("broken", "is broken", broken, str))
    with pytest.raises(OperationalError):
        fill("{broken}", {})


def test_a_word_that_breaks_is_said_to_be_missing(caplog: pytest.LogCaptureFixture, monkeypatch: Any) -> None:
    def broken(values: object, argument: str) -> str:
        raise RuntimeError("no")

    made = Word("broken", "is broken", broken, lambda: fill("nothing, {broken}", {}))
    monkeypatch.setitem(words.words._things, "broken", made)
    with caplog.at_level(logging.ERROR, "words"):
        assert fill("{broken}. {broken|else}.", {}) == "nothing,. else."
    assert "the word {broken} could not be filled in" in caplog.text


def test_a_level_reward_refuses_an_unknown_word(db: None) -> None:
    reward = LevelReward(level=3, line="{user} {lvl}", effects=[{"kind": "alert", "text": "{nobody}"}])
    with pytest.raises(ValidationError) as raised:
        reward.full_clean()
    assert sorted(raised.value.message_dict) == ["effects", "line"]


def test_words_about_the_viewer_and_the_stream(viewer: Callable[..., Viewer], deliver: Callable[..., None]) -> None:
    viewer("Bob", points=120)
    text = "{points} {points|no}, {level}, {uptime}, {viewers}, {streamer}, {tokens.stream}, {goal.left}, {title}"
    assert fill(text, {"user": "Ann"}) == "no points no, 1, not live, 0, the streamer, 0, no tokens, no title"
    Install.objects.create(channel_id="c", username="Streamer")
    began = timezone.now() - timedelta(minutes=81)
    Stream.objects.create(channel_id="c", started_at=began)
    streams.keep_title("c", "Cosy evening")
    deliver(
        tip("Bob", 30),
        Happening("tip_goal_updated", data={"title": "camera", "amount": 500}),
        goal("Bob", 30, 30),
        viewer_count(7),
    )
    assert fill(text, {"user": "@BOB"}) == "150 150, 1, 1 h 21 min, 7, Streamer, 30, 470, Cosy evening"
    assert re.fullmatch(r"\d\d:\d\d", fill("{time}", {}))
    assert fill("{target} {target|x}", {"user": "Ann", "text": "@bob hi"}) == "Bob Bob"
    assert fill("{target}", {"user": "Ann", "text": "stranger"}) == "stranger"
