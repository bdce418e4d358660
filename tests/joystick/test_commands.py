"""Commands in chat, as a viewer types them and reads the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from economy.models import Cooldown, Transaction
from joystick import dispatch
from joystick.models import Install
from joystick.registry import commands
from joystick.simulator.happenings import CHANNEL_ID, chat, tip
from redeems import purchase
from redeems.models import Redeem

Ask = Callable[..., list[str]]

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(deliver: Callable[..., None], said: list[str], django_capture_on_commit_callbacks: Any) -> Ask:
    """Bob, who tipped 120 tokens, types something; returns what the bot answers."""
    deliver(tip("Bob", 120))
    purchase.seed()

    def type_it(text: str, *badges: str, username: str = "Bob", hastily: bool = False) -> list[str]:
        said.clear()
        if not hastily:
            Cooldown.objects.filter(key__regex="^(command|refused|typo)").delete()
        with django_capture_on_commit_callbacks(execute=True):
            deliver(chat(username, text, *badges))
        return list(said)

    return type_it


@pytest.mark.parametrize("text", ["!points", "!balance", "  !POINTS ", "!Points\n"])
def test_points(ask: Ask, text: str) -> None:
    assert ask(text) == ["@Bob you have 121 points."]


@pytest.mark.parametrize("text", ["!level", "!rank", "!xp"])
def test_level(ask: Ask, text: str) -> None:
    assert ask(text) == ["@Bob Level 1 · XP 13 · 13/100 (13%)"]


def test_points_of_somebody_else(ask: Ask) -> None:
    ask("hello", username="Ann")
    assert ask("!points ann") == ask("!points @Ann") == ["@Bob Ann has 1 point."]
    assert ask("!points Nobody") == ["@Bob I have never seen Nobody here"]


@pytest.mark.parametrize("text", ["!help", "!commands"])
def test_help_names_what_the_caller_may_use(ask: Ask, text: str) -> None:
    everybody = "!give, !help, !items, !level, !odds, !points, !queue, !redeem, !redeems, !sounds, !top"
    assert ask(text) == [f"@Bob I know {everybody}."]
    (said,) = ask(text, "mod")
    assert {"!addpoints,", "!panic,", "!skip,", "!approve,"} < set(said.split())


def test_help_for_one_command(ask: Ask) -> None:
    assert ask("!help give") == ["@Bob !give VIEWER N: give some of your points to somebody"]
    assert ask("!help !Balance") == ["@Bob !points [VIEWER]: how many points you have, or somebody else"]
    assert ask("!help dance") == ["@Bob I don't know !dance"]


def test_redeems(ask: Ask) -> None:
    assert ask("!redeems") == [
        "@Bob !clip: Save a clip (free), !shoutout: Shout out somebody (50), !sound: Play a sound (15), "
        "!spin: Spin the wheel (100), !tts: Speak a line (25)"
    ]
    Redeem.objects.update(enabled=False)
    assert ask("!redeems") == ["@Bob nothing at the moment."]


@pytest.mark.parametrize("text", ["!top", "!leaderboard"])
def test_top(ask: Ask, deliver: Any, text: str) -> None:
    deliver(tip("Ann", 500), tip("Cat", 3))
    assert ask(text) == ["@Bob most points: 1. Ann 500 · 2. Bob 121 · 3. Cat 3"]
    assert ask(f"{text} xp") == ["@Bob most XP: 1. Ann 50 · 2. Bob 13"]


def test_give(ask: Ask) -> None:
    ask("hello", username="Ann")
    assert ask("!give Ann 20") == ["@Bob Ann has 20 of your points now. 101 left."]
    assert ask("!points Ann") == ["@Bob Ann has 21 points."]
    rows = Transaction.objects.filter(kind="transfer").order_by("id")
    assert list(rows.values_list("viewer__key", "delta")) == [("bob", -20), ("ann", 20)]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("!give Ann 1000", "you need 879 more points (you have 121)"),
        ("!give Bob 5", "you can't give points to yourself"),
        ("!give Ann -5", "only more than nothing can be given"),
        ("!give Nobody 5", "I have never seen Nobody here"),
        ("!give", "write it like this: !give VIEWER N"),
        ("!give Ann", "write it like this: !give VIEWER N"),
        ("!give Ann lots", "write it like this: !give VIEWER N"),
        ("!give Ann 0", "write it like this: !give VIEWER N"),
        (f"!give Ann {'9' * 5000}", "write it like this: !give VIEWER N"),
    ],
)
def test_give_refuses_and_takes_nothing(ask: Ask, text: str, answer: str) -> None:
    ask("hello", username="Ann")
    assert ask(text) == [f"@Bob {answer}"]
    assert ask("!points Bob") == ["@Bob Bob has 121 points."]


def test_addpoints_is_for_moderators(ask: Ask) -> None:
    assert ask("!addpoints Bob 5") == ["@Bob !addpoints is for moderators"]
    assert ask("!addpoints Bob 5", "mod", username="Mo") == ["@Mo Bob has 126 points now."]
    assert ask("!addpoints Bob -26", "streamer", username="Fox") == ["@Fox Bob has 100 points now."]
    assert ask("!addpoints Bob -101", "mod", username="Mo") == ["@Mo Bob has only 100"]
    rows = Transaction.objects.filter(kind="adjust").order_by("id").values_list("delta", "counterpart__username")
    assert list(rows) == [(5, "Mo"), (-26, "Fox")]


def test_queue(ask: Ask) -> None:
    assert ask("!queue") == ["@Bob nothing is waiting."]
    ask("!tts hello")
    assert ask("!queue") == ["@Bob 1 is waiting. Yours is number 1."]
    assert ask("!queue", username="Ann") == ["@Ann 1 is waiting."]


def test_a_command_again_at_once_is_not_answered(ask: Ask) -> None:
    assert ask("!points") and ask("!points", hastily=True) == ask("!balance", hastily=True) == []
    assert ask("!level", hastily=True)


def test_refusals_of_one_viewer_are_said_once_in_a_while(ask: Ask, settings: Any) -> None:
    settings.COMMAND_COOLDOWN_SECONDS = 0
    assert ask("!tts") == ["@Bob write what to say: !tts hello everybody"]
    assert ask("!tts", hastily=True) == []
    assert ask("!points", hastily=True)


def test_a_global_cooldown_holds_everybody(ask: Ask) -> None:
    assert ask("!top")
    assert ask("!top", username="Ann", hastily=True) == []
    assert ask("!points", username="Ann", hastily=True)


def test_a_typo_is_answered_once_a_minute_and_other_bots_commands_never(ask: Ask) -> None:
    assert ask("!pionts") == ["@Bob I don't know !pionts. Did you mean !points?"]
    assert ask("!ponits", hastily=True) == []
    assert ask("!ponits", username="Ann", hastily=True) == ["@Ann I don't know !ponits. Did you mean !points?"]
    assert ask("!uptimebot somebody", username="Cat") == []
    assert ask("!points") == ["@Bob you have 121 points."]


@pytest.mark.parametrize("kept", ["", "chat:whisper:write"])
def test_an_answer_may_be_whispered_where_the_streamer_allows_it(
    ask: Ask, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = commands.get("points")
    assert entry is not None
    monkeypatch.setitem(commands._things, "points", replace(entry, whisper=True))
    Install.objects.update_or_create(
        channel_id=CHANNEL_ID, defaults={"access_token": "x", "scopes": f"chat:read {kept}"}
    )
    said = "you have 121 points."
    assert ask("!points") == [f"(to Bob) {said}" if kept else f"@Bob {said}"]


def test_tts(ask: Ask) -> None:
    assert ask("!tts hello there") == ["@Bob done, it is in the queue. 96 points left."]
    assert ask("!tts and again") == ["@Bob Speak a line is cooling down, 10 s left"]


@pytest.mark.parametrize(
    "text", ["hello", "! points", "!!points", "points", "!nonsense", "!", "", "!tip 15", "https://!points"]
)
def test_other_lines_are_no_commands(ask: Ask, text: str) -> None:
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
