"""The points' own name, in every line that viewers read, and as a command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from economy.models import LevelReward, Viewer
from economy.settings_table import PointsSettings, currency_name
from effects.models import QueueItem, State
from effects.queue import items
from joystick.simulator.happenings import chat, tip
from pixelbot_site.kit.words import fill
from redeems.models import Redeem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kisses(settings: Any) -> None:
    settings.POINTS_NAME, settings.POINTS_NAME_PLURAL = "kiss", "kisses"
    settings.COMMAND_COOLDOWN_SECONDS = 0


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("!points", "you have 100 kisses."),
        ("!kisses", "you have 100 kisses."),
        ("!KISSES Ann", "Ann has 1 kiss."),
        ("!give Ann 5", "you gave Ann 5 kisses and have 95 left."),
        ("!give Ann 500", "you need 400 more kisses (you have 100)."),
        ("!give Ann 101", "you need 1 more kiss (you have 100)."),
        ("!give Ann x", "give a whole number of kisses, 1 or more."),
        ("!give Bob 5", "you can't give kisses to yourself."),
        ("!help give", "!give VIEWER N: give some of your kisses to somebody."),
    ],
)
def test_replies(
    viewer: Callable[..., Viewer],
    deliver: Callable[..., None],
    said: list[str],
    line: str,
    answer: str,
    django_capture_on_commit_callbacks: Any,
) -> None:
    viewer("Bob", points=100)
    viewer("Ann", points=1)
    with django_capture_on_commit_callbacks(execute=True):
        deliver(chat("Bob", line))
    assert said == [f"@Bob {answer}"]


def test_prices_and_what_comes_back(
    viewer: Callable[..., Viewer],
    deliver: Callable[..., None],
    said: list[str],
    stage: None,
    django_capture_on_commit_callbacks: Any,
) -> None:
    viewer("Bob", points=30)
    Redeem.objects.update_or_create(key="tts", defaults={"title": "A spoken line", "cost": 25, "enabled": True})
    with django_capture_on_commit_callbacks(execute=True):
        deliver(chat("Bob", "!help tts"))
        deliver(chat("Bob", "!tts hello"))
    assert "(25 kisses)" in said[0]
    assert said[1].endswith("5 kisses left.")
    with django_capture_on_commit_callbacks(execute=True):
        items.end(QueueItem.objects.get(kind="speak"), State.FAILED, "it broke")
    assert said[2].endswith("Your 25 kisses are back.")


def test_a_level_that_brings_some(
    deliver: Callable[..., None], said: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    LevelReward.objects.all().delete()
    LevelReward.objects.create(level=2, points=7, line="{user} is up")
    with django_capture_on_commit_callbacks(execute=True):
        deliver(tip("Bob", 1200))
    assert "Bob is up (+7 kisses)" in said


@pytest.mark.parametrize("name", ["", "x" * 31, "a\nb", "<b>", "{user}", "!x"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="a name of at most 30"):
        currency_name(name)


def test_the_words_of_viewers_are_left_alone() -> None:
    rules = PointsSettings.current()
    assert fill("{points.name}, {point.name}, points", {}) == "kisses, kiss, points"
    assert (rules.amount(1), rules.amount(-1), rules.amount(0)) == ("1 kiss", "-1 kiss", "0 kisses")
