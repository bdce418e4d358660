"""No viewer's name steers a terminal, forges a line or turns the direction of text; none becomes another's."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy.models import Viewer
from joystick.protocol import frames
from joystick.protocol.events import Event
from joystick.simulator.happenings import chat, tip
from pixelbot_site.kit import logs
from pixelbot_site.kit.clean import clean_name

ESCAPES = [
    "\x1b]52;c;cm0=\x07",
    "\n12:00:00 [points] granted",
    "\u2028",
    "\u202e",
    "\x9b31m",
    "\x7f",
    "\u2066",
    "\u061c",
    "\u200e",
    "\u200f",
]


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize(
    "frame",
    [
        {"id": "1", "type": "new_message", "data": {"author": {"username": "?"}}},
        {"id": "1", "type": "bot_message", "data": {"author": {"username": "?"}}},
        {"id": "1", "type": "tipped", "data": {"who": "?", "how_much": 5}},
        {"id": "1", "type": "enter_stream", "data": {"username": "?"}},
        {"event": "UserPresence", "type": "enter_stream", "id": "1", "text": "?"},
        {"id": "1", "type": "followed", "data": {"who": "?"}},
    ],
)
def test_a_name_in_any_event_is_plain(frame: dict[str, Any], escape: str) -> None:
    text = json.dumps({"identifier": "{}", "message": frame}).replace('"?"', json.dumps(f"Bo{escape}b"))
    event = frames.parse(text)
    assert isinstance(event, Event)
    assert event.username.startswith("Bo") and event.username.endswith("b")
    assert logs.escaped(event.username) == event.username != "Bob"


@given(st.text(max_size=120))
def test_what_a_name_may_hold_is_what_the_log_need_not_escape(text: str) -> None:
    name = clean_name(text)
    assert logs.escaped(name) == name == clean_name(name)
    assert len(name) <= 100


def test_letters_of_every_language_stay() -> None:
    for name in ("Zoë", "李", "Ĝ_99", "ฟ้า", "🦊", "ا\u064eب"):
        assert clean_name(f" {name} ") == unicodedata.normalize("NFC", name) == name


@pytest.mark.django_db
def test_nobody_gets_at_anothers_points_by_a_hidden_character(
    deliver: Callable[..., None], said: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        deliver(tip("Bob", 120), chat("Bo\x7fb", "!give Ann 100"), chat("Bob\u2028", "!points"))
    assert Viewer.objects.count() == 3
    assert said[-1] == "@Bob\ufffd you have 0 points."
