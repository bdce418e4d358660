"""Commands in chat, as a viewer types them and reads the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from economy.models import Cooldown, Item, Points, Transaction, Viewer
from economy.viewers import inventory
from effects import sounds, wheel
from effects.models import QueueItem, Sound
from joystick.inbox import dispatch
from joystick.models import Install
from joystick.registry import commands
from joystick.simulator.happenings import CHANNEL_ID, Happening, chat, tip
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
    assert ask("!points Nobody") == ["@Bob I have never seen Nobody here."]


@pytest.mark.parametrize("text", ["!help", "!commands"])
def test_help_names_what_the_caller_may_use(ask: Ask, text: str) -> None:
    everybody = "!give, !help, !items, !level, !odds, !points, !queue, !redeem, !redeems, !sounds, !top"
    assert ask(text) == [f"@Bob you can use {everybody}."]
    (said,) = ask(text, "mod")
    assert {"!addpoints,", "!panic,", "!skip,", "!approve,"} < set(said.split())


def test_help_for_one_command(ask: Ask) -> None:
    assert ask("!help give") == ["@Bob !give VIEWER N: give some of your points to somebody."]
    assert ask("!help !Balance") == ["@Bob !points [VIEWER]: how many points you have, or another viewer has."]
    assert ask("!help dance") == ["@Bob I don't know !dance."]


def test_redeems(ask: Ask) -> None:
    assert ask("!redeems") == [
        "@Bob !clip: Save a clip (free), !shoutout: Shout out somebody (50), !sound: Play a sound (15), "
        "!spin: Spin the wheel (100), !tts: Speak a line (25)."
    ]
    Redeem.objects.update(enabled=False)
    assert ask("!redeems") == ["@Bob there is nothing to buy at the moment."]


@pytest.mark.parametrize("text", ["!top", "!leaderboard"])
def test_top(ask: Ask, deliver: Any, text: str) -> None:
    deliver(tip("Ann", 500), tip("Cat", 3))
    assert ask(text) == ["@Bob most points: 1. Ann 500 · 2. Bob 121 · 3. Cat 3."]
    assert ask(f"{text} xp") == ["@Bob most XP: 1. Ann 50 · 2. Bob 13."]


def test_give(ask: Ask) -> None:
    ask("hello", username="Ann")
    assert ask("!give Ann 20") == ["@Bob you gave Ann 20 points and have 101 left."]
    assert ask("!points Ann") == ["@Bob Ann has 21 points."]
    rows = Transaction.objects.filter(kind="transfer").order_by("id")
    assert list(rows.values_list("viewer__key", "delta")) == [("bob", -20), ("ann", 20)]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("!give Ann 1000", "you need 879 more points (you have 121)"),
        ("!give Bob 5", "you can't give points to yourself"),
        ("!give Ann -5", "you can't give less than 1 point"),
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
    assert ask(text) == [f"@Bob {answer}."]
    assert ask("!points Bob") == ["@Bob Bob has 121 points."]


def test_addpoints_is_for_moderators(ask: Ask) -> None:
    assert ask("!addpoints Bob 5") == ["@Bob !addpoints is for moderators."]
    assert ask("!addpoints Bob 5", "mod", username="Mo") == ["@Mo Bob now has 126 points (+5)."]
    assert ask("!addpoints Bob -26", "streamer", username="Fox") == ["@Fox Bob now has 100 points (-26)."]
    assert ask("!addpoints Bob -101", "mod", username="Mo") == ["@Mo Bob has only 100 points."]
    rows = Transaction.objects.filter(kind="adjust").order_by("id").values_list("delta", "counterpart__username")
    assert list(rows) == [(5, "Mo"), (-26, "Fox")]


def test_queue(ask: Ask) -> None:
    assert ask("!queue") == ["@Bob nothing is waiting."]
    ask("!tts hello")
    assert ask("!queue") == ["@Bob 1 item is waiting. Yours is number 1."]
    assert ask("!queue", username="Ann") == ["@Ann 1 item is waiting."]


def test_a_command_again_at_once_is_not_answered(ask: Ask) -> None:
    assert ask("!points") and ask("!points", hastily=True) == ask("!balance", hastily=True) == []
    assert ask("!level", hastily=True)


def test_refusals_of_one_viewer_are_said_once_in_a_while(ask: Ask, settings: Any) -> None:
    settings.COMMAND_COOLDOWN_SECONDS = 0
    assert ask("!tts") == ["@Bob write what to say: !tts hello everybody."]
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


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("!sound ding", "play_sound"),
        ("!spin ", "spin_wheel"),
        ("!clip ", "obs_clip"),
        ("!shoutout Bob", "alert"),
        ("!redeem sound ding", "play_sound"),
        ("!buy !SOUND ding", "play_sound"),
        ("!scene Game", "obs_scene"),
        ("!source Lamp", "obs_source"),
    ],
)
def test_redeems_are_bought_by_their_word_or_by_redeem(ask: Ask, deliver: Any, text: str, kind: str) -> None:
    sounds.seed()
    wheel.seed()
    deliver(tip("Bob", 500))
    Redeem.objects.update(enabled=True, choices="Game\nGame/Lamp")
    (answer,) = ask(text)
    assert answer.startswith("@Bob done, it is in the queue.")
    assert QueueItem.objects.get().kind == kind


def test_redeem_refuses_like_the_word_itself(ask: Ask) -> None:
    assert ask("!redeem") == ["@Bob write it like this: !redeem NAME [TEXT]."]
    assert ask("!redeem dance") == ["@Bob there is no redeem called dance."]
    Redeem.objects.filter(key="clip").update(approval="always", cost=5)
    assert ask("!clip") == ["@Bob done, it is in the queue. It waits for approval. 116 points left."]


def test_a_redeem_that_the_streamer_made_has_its_word(ask: Ask) -> None:
    assert ask("!hug Ann") == []
    Redeem.objects.create(key="hug", title="Hug", cost=5, effects=[{"kind": "chat_line", "text": "{user} hugs {text}"}])
    assert ask("!hug Ann") == ["Bob hugs Ann", "@Bob done. 116 points left."]
    gone = {"kind": "grant_item", "item": "nosuch"}
    Redeem.objects.create(key="gift", title="Gift", cost=5, effects=[{"kind": "chat_line", "text": "look"}, gone])
    assert ask("!gift")[1:] == [
        "@Bob sorry, that did not happen: There is no item called “nosuch”. Your 5 points are back."
    ]
    show = {"kind": "alert", "text": "hey", "seconds": 1}
    Redeem.objects.create(key="show", title="Show", cost=1, effects=[{"kind": "chat_line", "text": "look"}, show])
    assert ask("!show")[1:] == ["@Bob done, it is in the queue. 115 points left."]
    Redeem.objects.filter(key__in=("show", "gift")).update(cost=0)
    assert ask("!show")[1:] == ["@Bob done, it is in the queue."]
    assert ask("!gift")[1:] == ["@Bob sorry, that did not happen: There is no item called “nosuch”."]


def test_sounds_odds_and_items(ask: Ask) -> None:
    assert ask("!sounds") == ["@Bob there are no sounds yet."]
    assert ask("!odds") == ["@Bob there is nothing to win at the moment."]
    assert ask("!items") == ask("!inventory") == ["@Bob you have no items yet."]
    sounds.seed()
    wheel.seed()
    Sound.objects.filter(name="ding").update(cost=3)
    assert ask("!sounds") == ["@Bob applause, boing, chime, ding (3), drumroll, fanfare, whoosh."]
    assert ask("!sounds 2") == ["@Bob there is only one page."]
    for number in range(20):
        Sound.objects.create(name=f"z{number}", file="x", content_type="audio/wav")
    assert ask("!sounds 2")[0].endswith("(page 2 of 2).")
    assert ask("!odds")[0].startswith("@Bob your chances: 10 points 40.0%, 50 points 25.0%")
    Item.objects.create(key="hat", name="Silly hat")
    inventory.give(Viewer.objects.get(key="bob"), "hat", 3, reference="r")
    assert ask("!items") == ["@Bob you have Silly hat × 3."]


def test_the_badges_of_the_command_itself_decide(ask: Ask, deliver: Callable[..., None], said: list[str]) -> None:
    assert ask("!addpoints Bob 5", "mod", username="Mo") == ["@Mo Bob now has 125 points (+5)."]
    assert ask("!addpoints Bob 5", username="Mo") == ["@Mo !addpoints is for moderators."]
    assert ask("!addpoints Bob 5", "mod", username="Mo") == ["@Mo Bob now has 130 points (+5)."]
    assert ask("!addpoints Bob 5", username="@Mo") == ["@@Mo !addpoints is for moderators."]
    Viewer.objects.filter(key="bob").update(is_follower=True)  # no badge tells of it
    assert ask("!addpoints Bob 5", "subscriber") == ["@Bob !addpoints is for moderators."]
    assert ask("!addpoints Bob 1", "streamer", username="Fox") == ["@Fox Bob now has 132 points (+1)."]


def test_the_badges_of_the_command_decide_over_other_lines_of_the_same_batch(
    ask: Ask, deliver: Callable[..., None], said: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    def answers(*lines: Happening) -> list[str]:
        Cooldown.objects.all().delete()
        said.clear()
        with django_capture_on_commit_callbacks(execute=True):
            deliver(*lines)
        return list(said)

    ask("hello")
    refused = "@Mo !addpoints is for moderators."
    assert answers(chat("Mo", "hello", "mod"), chat("Mo", "!addpoints Bob 5")) == [refused]
    assert answers(chat("Mo", "hello"), chat("mo", "hi", "mod"), chat("Mo", "!addpoints Bob 5")) == [refused]
    assert answers(chat("Mo", "!addpoints Bob 5"), chat("Mo", "hello", "mod")) == [refused]
    (told,) = answers(chat("Mo", "hello"), chat("Mo", "!addpoints Bob 5", "mod"))
    assert told.startswith("@Mo Bob now has")


def test_a_moderator_never_seen_before_may_command_with_every_reward_switched_off(ask: Ask, settings: Any) -> None:
    for name in ("POINTS_PER_CHAT", "XP_PER_CHAT"):
        setattr(settings, name, 0)
    assert ask("!addpoints Bob 5", "mod", username="Mo") == ["@Mo Bob now has 125 points (+5)."]


def test_moderators_steer_the_queue(ask: Ask) -> None:
    for text in (
        "!pause",
        "!resume",
        "!skip",
        "!clear",
        "!panic",
        "!calm",
        "!cancel 1",
        "!first 1",
        "!retry 1",
        "!approve 1",
        "!reject 1",
    ):
        assert ask(text) == [f"@Bob {text.split()[0]} is for moderators."]

    def mo(text: str) -> str:
        (answer,) = ask(text, "mod", username="Mo")
        return answer.removeprefix("@Mo ")

    Redeem.objects.update(cooldown_seconds=0)
    ask("!tts one"), ask("!tts two"), ask("!tts three")
    one, two, three = QueueItem.objects.order_by("id")
    assert mo("!pause tts") == "paused: tts."
    assert mo("!pause nosuch").startswith("there is no lane nosuch: there are effect, tts, wheel")
    assert (
        mo("!queue") == f"3 items are waiting. Paused: tts. Next: #{one.pk} speak, #{two.pk} speak, #{three.pk} speak."
    )
    assert mo(f"!first {three.pk}") == f"#{three.pk} is next."
    ask(f"!cancel #{two.pk}", "mod", username="Mo")
    assert QueueItem.objects.get(pk=two.pk).state == "cancelled"
    assert mo(f"!cancel {two.pk}") == f"can't cancel #{two.pk}: it is cancelled."
    assert mo("!cancel nonsense") == "write it like this: !cancel NUMBER."
    assert mo(f"!retry {two.pk}").startswith("trying again as #")
    assert mo("!skip") == "nothing is playing."
    assert mo("!resume") == "nothing is paused now."
    QueueItem.objects.filter(pk=one.pk).update(state="waiting")
    assert mo(f"!approve {one.pk}") == f"#{one.pk} is approved."
    assert mo(f"!approve {one.pk}") == f"can't approve #{one.pk}: it is pending."
    QueueItem.objects.filter(pk=one.pk).update(state="waiting")
    ask(f"!reject {one.pk}", "mod", username="Mo")
    assert QueueItem.objects.get(pk=one.pk).state == "cancelled"
    QueueItem.objects.filter(pk=three.pk).update(state="running")
    ask("!skip tts", "mod", username="Mo")
    assert QueueItem.objects.get(pk=three.pk).state == "skipped"
    assert mo("!clear effect wheel") == "nothing was waiting."
    ask("!panic", "mod", username="Mo")
    assert not QueueItem.objects.filter(state__in=["pending", "running", "waiting"]).exists()
    assert mo("!calm") == "resumed: effect, tts, wheel." and mo("!calm") == "there was no panic to end."
    assert Points.objects.get(viewer__key="bob").balance == 121


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
    assert ask("!tts and again") == ["@Bob Speak a line is cooling down, 10 s left."]


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
