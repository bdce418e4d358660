"""Commands in chat, as a viewer types them and reads the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joystick import dispatch
from joystick.simulator.happenings import chat, tip
from redeems import purchase
from redeems.models import Redeem

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(
    deliver: Callable[..., None], said: list[str], django_capture_on_commit_callbacks: Any
) -> Callable[[str], list[str]]:
    """Bob, who tipped 120 tokens, types something; returns what the bot answers."""
    deliver(tip("Bob", 120))
    purchase.seed()

    def type_it(text: str) -> list[str]:
        said.clear()
        with django_capture_on_commit_callbacks(execute=True):
            deliver(chat("Bob", text))
        return list(said)

    return type_it


@pytest.mark.parametrize("text", ["!points", "!balance", "  !POINTS please", "!Points\n"])
def test_points(ask: Callable[[str], list[str]], text: str) -> None:
    assert ask(text) == ["@Bob you have 121 points."]


@pytest.mark.parametrize("text", ["!level", "!rank", "!xp"])
def test_level(ask: Callable[[str], list[str]], text: str) -> None:
    assert ask(text) == ["@Bob Level 1 · XP 13 · 13/100 (13%)"]


@pytest.mark.parametrize("text", ["!help", "!commands"])
def test_help_names_every_command_and_price(ask: Callable[[str], list[str]], text: str) -> None:
    assert ask(text) == ["@Bob I know !help, !level, !points. For points: !tts (25)."]
    Redeem.objects.update(enabled=False)
    assert ask(text) == ["@Bob I know !help, !level, !points."]


def test_tts(ask: Callable[[str], list[str]]) -> None:
    assert ask("!tts hello there") == ["@Bob done, it is in the queue. 96 points left."]
    assert ask("!tts and again") == ["@Bob Speak a line is cooling down, 10 s left"]


@pytest.mark.parametrize(
    "text", ["hello", "! points", "!!points", "points", "!nonsense", "!", "", "!tip 15", "https://!points"]
)
def test_other_lines_are_no_commands(ask: Callable[[str], list[str]], text: str) -> None:
    assert ask(text) == []


def test_words_are_what_stands_behind_the_name() -> None:
    assert dispatch.find("!TTS   one  two\nthree ") == ("tts", "one  two\nthree")
    assert dispatch.find("!points") == ("points", "")


def test_a_command_of_somebody_who_earned_nothing_is_answered(
    deliver: Callable[..., None], said: list[str], django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    settings.POINTS_ENABLED = settings.XP_ENABLED = False
    with django_capture_on_commit_callbacks(execute=True):
        deliver(chat("Stranger", "!points"))
    assert said == ["@Stranger you have 0 points."]
