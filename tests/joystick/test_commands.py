"""Commands in chat, as a viewer types them and reads the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from economy.models import Cooldown, Item, Points, Transaction, Viewer
from economy.viewers import inventory
from economy.viewers.roles import Role
from effects import wheel
from effects.media import sounds
from effects.models import OverlayPage, QueueItem, Sound
from effects.obs import health as obs_health
from joystick.chat import dispatch
from joystick.models import Install, Stream
from joystick.registry import commands
from joystick.simulator.happenings import CHANNEL_ID, Happening, chat, tip
from redeems import purchase
from redeems.models import Redeem

Ask = Callable[..., list[str]]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stage")]


@pytest.fixture
def ask(deliver: Callable[..., None], said: list[str], django_capture_on_commit_callbacks: Any) -> Ask:
    """Bob, who tipped 120 tokens and said hello, types something; returns what the bot answers."""
    deliver(tip("Bob", 120), chat("Bob", "hello"))
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


def test_level_of_somebody_else(ask: Ask) -> None:
    ask("hello", username="Ann")
    assert ask("!xp @ann") == ["@Bob Ann: Level 1 · XP 1 · 1/100 (1%)"]
    assert ask("!xp Nobody") == ["@Bob I have never seen Nobody here."]


@pytest.mark.parametrize("text", ["!help", "!commands"])
def test_help_names_what_the_caller_may_use(ask: Ask, text: str) -> None:
    everybody = "!give, !help, !items, !level, !odds, !points, !queue, !quote, !redeem, !redeems, !sounds, !top"
    offers = "!clip (free), !shoutout (50), !sound (15), !spin (100), !tts (25)"
    assert ask(text) == [f"@Bob you can use {everybody}; and buy {offers}."]
    Redeem.objects.filter(key="tts").update(least_role=Role.MODERATOR)
    Redeem.objects.exclude(key__in=["tts", "spin"]).update(enabled=False)
    assert ask(text)[0].endswith("!top; and buy !spin (100).")
    for more in ({"stock": 0}, {"stock": None, "live_only": True}, {"live_only": False, "least_level": 2}):
        Redeem.objects.filter(key="spin").update(**more)
        assert ask(text) == [f"@Bob you can use {everybody}."]
    (said,) = ask(text, "mod")
    assert {"!addpoints,", "!panic,", "!skip,", "!approve,"} < set(said.split())


def test_help_for_one_command(ask: Ask) -> None:
    assert ask("!help give") == ["@Bob !give VIEWER N: give some of your points to somebody."]
    assert ask("!help !Balance") == ["@Bob !points [VIEWER]: how many points you have, or another viewer has."]
    assert ask("!help dance") == ["@Bob I don't know !dance."]


def test_help_for_one_redeem(ask: Ask) -> None:
    assert ask("!help tts") == ask("!help !TTS") == ["@Bob !tts: Speak a line (25 points)."]
    assert ask("!help clip") == ["@Bob !clip: Save a clip (free)."]
    assert ask("!help scene") == ["@Bob !scene: Switch the scene (200 points). It is switched off at the moment."]
    Redeem.objects.filter(key="tts").update(cost=1, pricing="character", stock=0)
    assert ask("!help tts") == ["@Bob !tts: Speak a line (1 point per character). It is sold out."]


def test_redeems(ask: Ask) -> None:
    assert ask("!redeems") == [
        "@Bob !clip: Save a clip (free), !shoutout: Shout out somebody (50), !sound: Play a sound (15), "
        "!spin: Spin the wheel (100), !tts: Speak a line (25)."
    ]
    Redeem.objects.update(enabled=False)
    assert ask("!redeems") == ["@Bob there is nothing to buy at the moment."]


def test_what_can_not_happen_now_is_not_offered(ask: Ask) -> None:
    cache.set(obs_health.KEY, "OBS does not answer", 60)
    OverlayPage.objects.update(until=timezone.now())
    Redeem.objects.exclude(key__in=["clip", "tts"]).update(enabled=False)
    assert ask("!redeems") == ["@Bob there is nothing to buy at the moment."]
    assert ask("!help")[0].endswith("!redeems, !sounds, !top.")
    assert ask("!help clip") == ["@Bob !clip: Save a clip (free). It can't be had right now."]


def test_what_is_for_the_stream_is_offered_while_it_is_live(ask: Ask) -> None:
    Redeem.objects.exclude(key="spin").update(enabled=False)
    Redeem.objects.filter(key="spin").update(least_role=Role.MODERATOR)
    assert ask("!redeems") == ["@Bob there is nothing to buy at the moment."]
    assert ask("!ttss hello") == []  # no guess at !tts, which is off
    Redeem.objects.filter(key="spin").update(live_only=True, least_role=0)
    assert ask("!redeems") == ["@Bob there is nothing to buy at the moment."]
    assert ask("!help spin") == ["@Bob !spin: Spin the wheel (100 points). It can't be had right now."]
    Stream.objects.create(started_at=timezone.now())
    assert ask("!redeems") == ["@Bob !spin: Spin the wheel (100)."]
    assert ask("!help")[0].endswith("and buy !spin (100).")


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
        ("!give Ann -5", "give a whole number of points, 1 or more"),
        ("!give Nobody 5", "I have never seen Nobody here"),
        ("!give", "write it like this: !give VIEWER N"),
        ("!give Ann", "write it like this: !give VIEWER N"),
        ("!give Ann all", "give a whole number of points, 1 or more"),
        ("!give Ann 0", "give a whole number of points, 1 or more"),
        ("!give Ann 999999999999", "you need 999999999878 more points (you have 121)"),
        (f"!give Ann {'9' * 100}", "you need 999999999879 more points (you have 121)"),
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
        "@Bob sorry, that did not happen: there is no item called “nosuch”. Your 5 points are back."
    ]
    show = {"kind": "alert", "text": "hey", "seconds": 1}
    Redeem.objects.create(key="show", title="Show", cost=1, effects=[{"kind": "chat_line", "text": "look"}, show])
    assert ask("!show")[1:] == ["@Bob done, it is in the queue. 115 points left."]
    Redeem.objects.filter(key__in=("show", "gift")).update(cost=0)
    assert ask("!show")[1:] == ["@Bob done, it is in the queue."]
    assert ask("!gift")[1:] == ["@Bob sorry, that did not happen: there is no item called “nosuch”."]


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
    assert ask("!addpoints Bob 5", "mod", username="Mo") == ["@Mo Bob now has 126 points (+5)."]
    assert ask("!addpoints Bob 5", username="Mo") == ["@Mo !addpoints is for moderators."]
    assert ask("!addpoints Bob 5", "mod", username="Mo") == ["@Mo Bob now has 131 points (+5)."]
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
    assert ask("!addpoints Bob 5", "mod", username="Mo") == ["@Mo Bob now has 126 points (+5)."]


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
    assert mo("!pause nosuch").startswith("there is no lane nosuch: there are effect, notification, reply, tts, wheel")
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
    assert (
        mo("!calm") == "resumed: effect, notification, reply, tts, wheel."
        and mo("!calm") == "there was no panic to end."
    )
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
    assert ask("!tts and again") == ["@Bob You can use !tts again in 10 s."]


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


MODERATORS = [
    "addpoints",
    "approve",
    "calm",
    "cancel",
    "clear",
    "first",
    "panic",
    "pause",
    "reject",
    "resume",
    "retry",
    "skip",
]
NEEDS_A_NUMBER = ("approve", "cancel", "first", "reject", "retry")


@pytest.fixture
def mo(ask: Ask) -> Callable[[str], str]:
    """Mo, a moderator, types something; returns the one answer, without its address."""

    def type_it(text: str) -> str:
        (answer,) = ask(text, "mod", username="Mo")
        return answer.removeprefix("@Mo ")

    return type_it


@pytest.fixture
def lines(ask: Ask) -> list[QueueItem]:
    """Three lines of Bob's that wait to be spoken, 25 points each."""
    Redeem.objects.update(cooldown_seconds=0)
    for text in ("one", "two", "three"):
        ask(f"!tts {text}")
    return list(QueueItem.objects.order_by("id"))


def balance(key: str = "bob") -> int:
    return Points.objects.get(viewer__key=key).balance


class TestWrongArguments:
    """A command that was written wrongly says how to write it, and changes nothing."""

    @pytest.mark.parametrize("name", NEEDS_A_NUMBER)
    @pytest.mark.parametrize("argument", ["", "zero", "-1", "1.5", "#", "999999", "9" * 40])
    def test_no_item_of_that_number(self, mo: Callable[[str], str], name: str, argument: str) -> None:
        assert mo(f"!{name} {argument}") == f"write it like this: !{name} NUMBER."

    @pytest.mark.parametrize("argument", ["", "Bob", "Bob many", "Bob 0", "Bob 1e3", "Bob 1000000000001", "5 Bob"])
    def test_addpoints(self, ask: Ask, mo: Callable[[str], str], argument: str) -> None:
        refusal = "I have never seen 5 here." if argument == "5 Bob" else "write it like this: !addpoints VIEWER N."
        assert mo(f"!addpoints {argument}") == refusal
        assert balance() == 121

    def test_addpoints_to_somebody_who_was_never_here(self, mo: Callable[[str], str]) -> None:
        assert mo("!addpoints Stranger 5") == "I have never seen Stranger here."
        assert not Viewer.objects.filter(key="stranger").exists()

    def test_addpoints_above_the_most_that_there_is(self, mo: Callable[[str], str]) -> None:
        assert mo("!addpoints Bob 1000000000000") == "nobody can have more than 1000000000000 points."
        assert balance() == 121

    @pytest.mark.parametrize("name", ["pause", "resume", "skip", "clear"])
    def test_one_unknown_lane_among_others_spoils_the_whole_command(
        self, mo: Callable[[str], str], lines: list[QueueItem], name: str
    ) -> None:
        assert mo(f"!{name} tts nosuch").startswith(
            "there is no lane nosuch: there are effect, notification, reply, tts, wheel"
        )
        assert mo("!queue").startswith("3 items are waiting. Next: ")

    @pytest.mark.parametrize("number", ["0", "-1", "3", "one", "²"])
    def test_sounds_names_the_pages_that_there_are(self, ask: Ask, number: str) -> None:
        for place in range(21):
            Sound.objects.create(name=f"z{place:02}", file="x", content_type="audio/wav")
        assert ask(f"!sounds {number}") == ["@Bob choose a page from 1 to 2."]

    def test_a_very_long_word_is_not_said_back_in_full(self, ask: Ask) -> None:
        assert ask(f"!points {'x' * 400}") == [f"@Bob I have never seen {'x' * 40} here."]
        assert ask(f"!help {'x' * 400}") == [f"@Bob I don't know !{'x' * 40}."]


class TestPlurals:
    """One point, two points."""

    @pytest.mark.parametrize(
        ("change", "answer"),
        [
            (-120, "Bob now has 1 point (-120)."),
            (-121, "Bob now has 0 points (-121)."),
            (1, "Bob now has 122 points (+1)."),
        ],
    )
    def test_addpoints(self, mo: Callable[[str], str], change: int, answer: str) -> None:
        assert mo(f"!addpoints Bob {change}") == answer

    def test_addpoints_refuses_to_go_below_zero(self, mo: Callable[[str], str]) -> None:
        mo("!addpoints Bob -120")
        assert mo("!addpoints Bob -2") == "Bob has only 1 point."
        assert balance() == 1

    def test_give(self, ask: Ask) -> None:
        ask("hello", username="Ann")
        assert ask("!give Ann 1") == ["@Bob you gave Ann 1 point and have 120 left."]
        assert ask("!give @ann 120") == ["@Bob you gave Ann 120 points and have 0 left."]
        assert ask("!give Ann 1") == ["@Bob you need 1 more point (you have 0)."]
        assert (balance(), balance("ann")) == (0, 122)

    def test_a_purchase_that_leaves_one_point(self, ask: Ask) -> None:
        Redeem.objects.filter(key="tts").update(cost=120)
        assert ask("!tts hello") == ["@Bob done, it is in the queue. 1 point left."]

    def test_clear_and_panic(self, mo: Callable[[str], str], ask: Ask) -> None:
        ask("!tts one")
        lines = ask("!clear tts", "mod", username="Mo")
        assert lines[-1] == "@Mo cancelled 1 item."
        assert mo("!panic") == "stopped everything and cancelled 0 items. Use !calm to go on."

    def test_several_at_once(self, ask: Ask, lines: list[QueueItem]) -> None:
        assert ask("!panic", "mod", username="Mo")[-1] == (
            "@Mo stopped everything and cancelled 3 items. Use !calm to go on."
        )
        assert balance() == 121


class TestWhoMay:
    """Roles, by the badges of the line itself."""

    @pytest.mark.parametrize("name", MODERATORS)
    @pytest.mark.parametrize("badges", [(), ("subscriber",), ("new",)])
    def test_viewers_and_subscribers_do_not_moderate(self, ask: Ask, name: str, badges: tuple[str, ...]) -> None:
        assert ask(f"!{name} Bob 5", *badges) == [f"@Bob !{name} is for moderators."]
        assert balance() == 121

    @pytest.mark.parametrize("badge", ["mod", "streamer"])
    def test_moderators_and_the_streamer_do(self, ask: Ask, badge: str) -> None:
        assert ask("!pause wheel", badge, username="Mo") == ["@Mo paused: wheel."]
        assert ask("!resume wheel", badge, username="Mo") == ["@Mo nothing is paused now."]

    def test_help_explains_what_only_moderators_may_use_but_does_not_list_it(self, ask: Ask) -> None:
        assert ask("!help panic") == ["@Bob !panic: stop everything, give points back, pause."]
        assert "!panic" not in ask("!help", "subscriber")[0]
        assert "!panic" in ask("!help", "streamer", username="Fox")[0]

    def test_numbers_of_items_are_told_to_moderators_alone(self, ask: Ask, lines: list[QueueItem]) -> None:
        QueueItem.objects.filter(pk=lines[0].pk).update(state="waiting")
        assert ask("!queue", "subscriber") == ["@Bob 2 items are waiting. Yours is number 1."]
        (answer,) = ask("!queue", "mod", username="Mo")
        assert f"#{lines[0].pk} speak (to approve), #{lines[1].pk} speak" in answer

    def test_a_moderator_sees_the_first_five_only(self, mo: Callable[[str], str], ask: Ask) -> None:
        Redeem.objects.update(cooldown_seconds=0, cost=0)
        for number in range(6):
            ask(f"!tts {number}")
        assert mo("!queue").count("#") == 5


class TestCooldowns:
    """The same command again at once."""

    @pytest.mark.parametrize(("first", "again"), [("!level", "!xp"), ("!help", "!commands"), ("!items", "!inventory")])
    def test_an_alias_shares_its_commands_cooldown(self, ask: Ask, first: str, again: str) -> None:
        assert ask(first) and not ask(again, hastily=True)
        assert ask(again)

    def test_another_viewer_has_a_cooldown_of_their_own(self, ask: Ask) -> None:
        assert ask("!points") and ask("!points", username="Ann", hastily=True)

    def test_moderators_are_not_held_back_from_steering(self, ask: Ask) -> None:
        for _ in range(3):
            assert ask("!pause tts", "mod", username="Mo", hastily=True) == ["@Mo paused: tts."]

    def test_without_a_cooldown_every_command_is_answered(self, ask: Ask, settings: Any) -> None:
        settings.COMMAND_COOLDOWN_SECONDS = 0
        assert ask("!points", hastily=True) and ask("!points", hastily=True)

    def test_a_command_that_was_held_back_gives_nothing(self, ask: Ask) -> None:
        ask("hello", username="Ann")
        assert ask("!give Ann 10") and not ask("!give Ann 10", hastily=True)
        assert (balance(), balance("ann")) == (111, 11)


class TestSteering:
    """What moderators do with single items, and with lanes."""

    @pytest.mark.parametrize("state", ["running", "done", "failed", "skipped", "cancelled", "expired"])
    @pytest.mark.parametrize(
        ("name", "refusal"),
        [("approve", "can't approve"), ("reject", "can't reject"), ("first", "can't play")],
    )
    def test_what_has_begun_or_ended_is_left_alone(
        self, mo: Callable[[str], str], lines: list[QueueItem], name: str, refusal: str, state: str
    ) -> None:
        QueueItem.objects.filter(pk=lines[0].pk).update(state=state)
        answer = mo(f"!{name} {lines[0].pk}")
        assert answer.startswith(f"{refusal} #{lines[0].pk}") and answer.endswith(f"it is {state}.")
        assert QueueItem.objects.get(pk=lines[0].pk).state == state and balance() == 46

    def test_first_says_where_approval_is_waited_for(self, ask: Ask, mo: Callable[[str], str]) -> None:
        Redeem.objects.filter(key="tts").update(approval="always")
        ask("!tts hello")
        pk = QueueItem.objects.get().pk
        assert mo(f"!first {pk}") == f"#{pk} is next once it is approved."

    def test_reject_gives_the_points_back_and_says_so(self, ask: Ask) -> None:
        Redeem.objects.filter(key="tts").update(approval="always")
        ask("!tts hello")
        item = QueueItem.objects.get()
        assert ask("!queue") == ["@Bob nothing is waiting. Yours is waiting for approval."]
        to_bob, to_mo = ask(f"!reject #{item.pk}", "mod", username="Mo")
        assert to_bob.startswith("@Bob") and to_mo == f"@Mo #{item.pk} is rejected."
        assert balance() == 121

    def test_retry_is_free_and_only_for_what_has_ended(self, mo: Callable[[str], str], lines: list[QueueItem]) -> None:
        assert mo(f"!retry {lines[0].pk}") == "it is pending."
        QueueItem.objects.filter(pk=lines[0].pk).update(state="done")
        answer = mo(f"!retry {lines[0].pk}")
        copy = QueueItem.objects.latest("pk")
        assert answer == f"trying again as #{copy.pk}." and copy.payload == lines[0].payload
        assert balance() == 46

    def test_first_goes_before_those_that_came_earlier(self, mo: Callable[[str], str], lines: list[QueueItem]) -> None:
        mo(f"!first {lines[2].pk}")
        assert f"Next: #{lines[2].pk} speak, #{lines[0].pk} speak" in mo("!queue")

    def test_resuming_one_lane_names_those_that_stay_paused(self, mo: Callable[[str], str]) -> None:
        assert mo("!pause") == "paused: effect, notification, reply, tts, wheel."
        assert mo("!resume TTS") == "still paused: effect, notification, reply, wheel."
        assert mo("!resume effect notification reply wheel") == "nothing is paused now."

    def test_calm_leaves_paused_what_was_paused_before_the_panic(self, mo: Callable[[str], str]) -> None:
        mo("!pause wheel")
        mo("!panic")
        assert mo("!calm") == "resumed: effect, notification, reply, tts."
        assert mo("!queue") == "nothing is waiting. Paused: wheel."

    def test_skip_names_what_it_stopped_but_no_words_of_a_viewer(self, ask: Ask, lines: list[QueueItem]) -> None:
        QueueItem.objects.filter(pk=lines[0].pk).update(state="running", title="Bob: one")
        assert ask("!skip wheel", "mod", username="Mo") == ["@Mo nothing is playing."]
        assert ask("!skip", "mod", username="Mo")[-1] == f"@Mo skipped #{lines[0].pk}."
        assert balance() == 71


class TestLists:
    """What there is to buy, to hear, to win and to have."""

    def test_redeems_shows_how_the_price_is_counted_and_leaves_out_what_is_gone(self, ask: Ask) -> None:
        Redeem.objects.exclude(key__in=("tts", "clip")).update(stock=0)
        Redeem.objects.filter(key="tts").update(cost=2, pricing="character")
        assert ask("!redeems") == ["@Bob !clip: Save a clip (free), !tts: Speak a line (2 per character)."]
        Redeem.objects.filter(key="tts").update(pricing="second")
        assert "(2 per second)" in ask("!redeems")[0]

    def test_a_sound_that_is_switched_off_is_not_listed(self, ask: Ask) -> None:
        Sound.objects.create(name="boo", file="x", content_type="audio/wav", enabled=False)
        Sound.objects.create(name="hey", file="x", content_type="audio/wav", cost=0)
        assert ask("!sounds") == ["@Bob hey (0)."]

    def test_an_item_that_is_held_once_has_no_number(self, ask: Ask) -> None:
        for key, name, count in (("hat", "Hat", 1), ("cup", "Cup", 2)):
            Item.objects.create(key=key, name=name)
            inventory.give(Viewer.objects.get(key="bob"), key, count, reference=key)
        assert ask("!items") == ["@Bob you have Cup × 2, Hat."]
        assert ask("!items", username="Ann") == ["@Ann you have no items yet."]

    def test_top_with_nobody_on_it(self, ask: Ask) -> None:
        Viewer.objects.update(excluded=True)
        assert ask("!top") == ["@Bob nobody has any points yet."]
        assert ask("!top XP") == ["@Bob nobody has any XP yet."]

    def test_top_names_five(self, ask: Ask, deliver: Any) -> None:
        deliver(*(tip(f"Fan{number}", 200 + number) for number in range(6)))
        (answer,) = ask("!top")
        assert answer.startswith("@Bob most points: 1. Fan5 205 · ") and answer.endswith("5. Fan1 201.")
