"""Each occasion, from the frame to the line and the effect, and *Try* for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from economy.models import Cooldown, Viewer
from economy.viewers import people
from effects.models import Overlay, OverlayPage, QueueItem, State
from effects.overlays import pages
from effects.queue import items
from effects.registry import Effect, kinds
from joystick import tasks
from joystick.models import InboundEvent, Reaction, ShoutOut, Stream
from joystick.reactions import causes, sentences, visits
from joystick.reactions.kinds import Occasion, occasions
from joystick.settings_table import Rules
from joystick.simulator.happenings import (
    Happening,
    chat,
    ended,
    enter,
    follow,
    gift,
    goal,
    raid,
    spin,
    started,
    subscribe,
    tip,
    viewer_count,
)
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.words import names as names_of_words
from redeems import purchase
from redeems.models import Redeem

pytestmark = pytest.mark.django_db

Happens = Callable[..., list[str]]
# Something that is no event of the platform.
Cause = Callable[[], None]


def followers(number: int) -> Happening:
    return Happening("follower_count_updated", data={"number_of_followers": number})


def list_bob() -> None:
    ShoutOut.objects.create(name="Bob")


def tip_goal(kind: str, title: str, tokens: int) -> Happening:
    return Happening(f"tip_goal_{kind}", data={"title": title, "amount": tokens})


def a_redeem_fails() -> None:
    """Bob buys speech, and the worker can't have it spoken."""
    purchase.seed()
    overlay, _ = Overlay.objects.get_or_create(name="Main")
    pages.opened("a test's page", overlay)
    now = timezone.now()
    bob = people.seen(["Bob"], now=now)["bob"]
    Redeem.objects.filter(key="tts").update(cost=0, cooldown_seconds=0)
    bought = purchase.buy(viewer=bob, key="tts", words="hello", reference=str(uuid4()), rules=Rules.current(), now=now)
    items.end(bought.items.get(), State.FAILED, "The engine is gone.")


def the_overlay_goes() -> None:
    """The page is closed, and nobody opens it again."""
    OverlayPage.objects.all().delete()
    for seconds in (0, 10, 15):
        causes.watch_overlay(now=timezone.now() + timedelta(seconds=seconds))


# For each occasion: what has happened before, a happening by Bob, its subject, and a line with every word filled in.
OCCASIONS: dict[str, tuple[list[Happening | Cause], Happening | Cause, str, str, str]] = {
    "follow": ([], follow("Bob"), "", "{user}", "Bob"),
    "subscribe": ([], subscribe("Bob", 3), "", "{user} {months}", "Bob 3"),
    "resubscribe": ([], Happening("resubscribed", "Bob", "", {"how_much": 1, "how_long": 4}), "", "{user}", "Bob"),
    "gift": ([], gift("Bob", 5), "", "{user} {count}", "Bob 5"),
    "raid": ([], raid("Bob", 37), "", "{user} {viewers}", "Bob 37"),
    "tip": ([], tip("Bob", 14), "", "{item}{user} {tokens}", "Bob 14"),
    "menu_item": ([], tip("Bob", 25, "Song"), "Song", "{user} {tokens} {item}", "Bob 25 Song"),
    "wheel": ([], spin("Bob", 50, "Hat"), "Hat", "{user} {tokens} {prize}", "Bob 50 Hat"),
    "stream_started": ([], started(), "", "live", "live"),
    "stream_ending": ([started()], Happening("stream_ending", text="The stream ends soon"), "", "soon", "soon"),
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
    "first_line": ([chat("Bob", "hi"), started()], chat("Bob", "hello"), "Bob", "{user}", "Bob"),
    "first_line_ever": ([enter("Bob")], chat("Bob", "hello"), "Bob", "{user}", "Bob"),
    "shout_out": (
        [list_bob],
        chat("Bob", "hello"),
        "Bob",
        "{user}: {link}",
        "Bob: https://joystick.tv/u/Bob",
    ),
    "back": ([chat("Bob", "hi")], chat("Bob", "hello"), "Bob", "{user} {days}", "Bob 10"),
    "viewer_count": ([], viewer_count(60), "", "{watching}", "60"),
    "follower_count": ([followers(99)], followers(100), "", "{followers}", "100"),
    "goal_share": (
        [tip_goal("updated", "Camera", 500)],
        goal("Bob", 50, 260),
        "",
        "{user} {percent} {current} {target} {title}",
        "Bob 52 260 500 Camera",
    ),
    "redeem_failed": (
        [],
        a_redeem_fails,
        "Speak a line",
        "{user} {redeem}: {reason}",
        "Bob Speak a line: The engine is gone",
    ),
    "overlay_gone": ([started()], the_overlay_goes, "", "{seconds}", "15"),
    "level_up": ([], tip("Bob", 2000), "", "{user} {level}", "Bob 2"),
}
# Of these, the same happening is an occasion once: they have a test of their own.
ONCE = ("first_line", "first_line_ever", "back", "shout_out")
each_occasion = pytest.mark.parametrize("name", list(OCCASIONS))
with_subject = pytest.mark.parametrize(
    "name", [name for name, told in OCCASIONS.items() if told[2] and name not in ONCE]
)


@pytest.fixture
def bot(
    deliver: Callable[..., None],
    said: list[str],
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Happens:
    """Lets something happen; returns what the bot says, answers aside, and speaks. Workers are told of no lane."""

    def work(task: str, *args: Any, **_: Any) -> None:
        for known in (tasks.react_to_failed_redeem, tasks.react_to_level):
            if task == known.name:
                known(*args)

    def let(*happenings: Happening | Cause) -> list[str]:
        said.clear()
        QueueItem.objects.all().delete()
        with django_capture_on_commit_callbacks(execute=True):
            for is_event, group in groupby(happenings, lambda one: isinstance(one, Happening)):
                if is_event:
                    deliver(*(replace(one, uid=str(uuid4())) for one in group))  # type: ignore[type-var]
                else:
                    for cause in group:
                        cause()  # type: ignore[operator]
        spoken = QueueItem.objects.filter(lane="tts", purchase=None).order_by("id")
        lines = [line for line in said if not line.startswith("@")]
        return lines + [f"SPOKEN {item.payload['text']}" for item in spoken]

    monkeypatch.setattr("pixelbot_site.kit.sending.send", work)
    return let


def long_before(bot: Happens, happenings: list[Happening | Cause]) -> None:
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


def test_who_is_not_on_the_list_costs_one_statement(django_assert_num_queries: Any, now: datetime) -> None:
    """Each line of chat is compared with the list, and answers wait for that."""
    list_bob()
    lines = [Occasion("Ann"), Occasion("Cid")]
    with django_assert_num_queries(1):
        assert visits.shout_out(lines, now) == [None, None]


def test_somebody_is_greeted_by_name_and_those_of_a_list_are_shouted_out_once_a_stream(bot: Happens) -> None:
    Reaction.objects.create(occasion="first_line", lines="hello {user}", order=1)
    Reaction.objects.create(occasion="first_line", subject="bob", lines="all rise for {user}", order=0)
    Reaction.objects.create(occasion="shout_out", lines="visit {link}")
    ShoutOut.objects.create(name="@Ann O")
    assert bot(started(), enter("Bob"), enter("Ann O")) == []
    assert bot(chat("Bob", "a"), chat("Ann O", "b"), chat("Cid", "c"), chat("Ann O", "d")) == [
        "all rise for Bob", "visit https://joystick.tv/u/Ann%20O", "hello Ann O", "hello Cid",
    ]  # fmt: skip
    assert bot(chat("Bob", "a"), chat("Ann O", "b")) == []
    assert bot(ended(), started(), chat("ANN o", "b"))[0] == "visit https://joystick.tv/u/ANN%20o"
    row = Reaction(occasion="first_line", subject="bob", lines="x")
    assert sentences.sentence(row).startswith("When somebody says their first line of the stream, who is “bob”: ")


def test_a_number_of_viewers_is_reached_once_each_stream_by_each_row(bot: Happens) -> None:
    Reaction.objects.create(occasion="viewer_count", least=50, lines="fifty", order=0)
    Reaction.objects.create(occasion="viewer_count", least=100, lines="hundred", order=1)
    assert sentences.marks(list(Reaction.objects.all())) == {}
    assert bot(started(), viewer_count(49), viewer_count(50), viewer_count(60)) == ["fifty"]
    assert bot(viewer_count(40), viewer_count(110), viewer_count(120)) == ["hundred"]
    assert bot(ended(), started(), viewer_count(70), viewer_count(71)) == ["fifty"]
    Reaction.objects.filter(lines="fifty").update(cooldown_seconds=60)
    assert bot(viewer_count(70), viewer_count(71)) == ["fifty"]
    Cooldown.objects.filter(until__lt=timezone.now() + timedelta(days=1)).delete()
    assert bot(viewer_count(72)) == ["fifty"]


def test_a_number_of_followers_is_reached_from_below_and_not_again(bot: Happens) -> None:
    Reaction.objects.create(occasion="follower_count", least=100, lines="100", order=0)
    Reaction.objects.create(occasion="follower_count", least=200, most=249, lines="{followers}", order=1)
    assert bot(followers(150)) == []  # the first number that is told: nobody knows when 100 was reached
    assert bot(followers(99)) == []
    assert bot(followers(100)) == ["100"]
    assert bot(followers(99), followers(100), followers(101)) == []
    assert bot(followers(198), followers(203), followers(204)) == ["203"]
    assert bot(followers(150), followers(250)) == []


def test_a_share_of_a_goal_is_reached_once_for_each_goal(bot: Happens) -> None:
    for order, percent in enumerate((25, 50, 75)):
        Reaction.objects.create(occasion="goal_share", least=percent, lines=f"{percent}: {{percent}}", order=order)
    assert bot(goal("Bob", 50, 300)) == []  # no target is known
    assert bot(tip_goal("updated", "Camera", 1000), goal("Bob", 50, 249)) == []
    assert bot(goal("Bob", 1, 250), goal("Ann", 1, 251)) == ["25: 25"]
    assert bot(goal("Bob", 250, 501), goal("Bob", 249, 750)) == ["50: 50", "75: 75"]
    assert bot(goal("Bob", 2, 251), goal("Bob", 400, 800)) == []  # the number was put back meanwhile
    # In one batch with the end of the goal, and the next one of the same name.
    rest = goal("Bob", 300, 1100), Happening("tip_goal_met", "Bob", "", {"title": "Camera", "amount": 1000})
    assert bot(*rest, tip_goal("updated", "Camera", 100), goal("Bob", 30, 30)) == ["25: 30"]
    assert bot(tip_goal("updated", "Lamp", 100), goal("Bob", 30, 30)) == ["25: 30"]


@pytest.mark.parametrize(("part_of", "told"), [("the prize 5,000 XP", ["up Bob 6", "SPOKEN 6"]), ("", [])])
def test_a_level_that_was_won_is_one_and_a_level_by_what_a_reaction_gives_is_none(
    bot: Happens, viewer: Callable[..., Viewer], part_of: str, told: list[str]
) -> None:
    bob = viewer("Bob")
    effects = [{"kind": "speak", "text": "{level}"}, {"kind": "grant_xp", "xp": 100_000}]
    Reaction.objects.create(occasion="level_up", lines="up {user} {level}", effects=effects)
    effect = Effect("grant_xp", {"xp": 5_000})
    assert bot(lambda: items.enqueue(effect, viewer=bob, part_of=part_of, event="e")) == told
    # By way of the wheel, say, whose prizes are won: once for each event.
    more = Effect("grant_xp", {"xp": 500_000})
    assert not part_of or bot(lambda: items.enqueue(more, viewer=bob, part_of="a", event="e")) == []


def test_what_a_failed_redeem_sets_off_fails_without_setting_off_more(bot: Happens) -> None:
    effects = [{"kind": "speak", "text": "oh no"}]
    row = Reaction.objects.create(occasion="redeem_failed", effects=effects, viewer_cooldown_seconds=0)
    assert bot(a_redeem_fails) == ["SPOKEN oh no"]
    item = QueueItem.objects.get(purchase=None)
    assert bot(lambda: None) == []
    item.save(force_insert=True)
    assert items.end(item, State.FAILED, "The engine is gone.")
    row.refresh_from_db()
    assert row.runs == 1


def test_what_staff_took_out_of_the_queue_did_not_fail(bot: Happens, monkeypatch: pytest.MonkeyPatch) -> None:
    Reaction.objects.create(occasion="redeem_failed", lines="oh no")
    end = items.end
    monkeypatch.setattr(items, "end", lambda item, state, reason: end(item, State.CANCELLED, reason))
    assert bot(a_redeem_fails) == []


def test_an_overlay_is_gone_once_until_it_is_back(bot: Happens) -> None:
    row = Reaction.objects.create(occasion="overlay_gone", lines="gone")
    assert bot(the_overlay_goes) == []  # nobody is live
    assert bot(started(), the_overlay_goes) == ["gone"]
    assert bot(the_overlay_goes) == []
    silent = Overlay.objects.create(name="Pictures", sound=False)
    pages.opened("silent", silent)
    assert bot(lambda: causes.watch_overlay(now=timezone.now())) == []
    assert Stream.objects.get().overlay_gone_at is not None
    pages.opened("heard", Overlay.objects.get_or_create(name="Main")[0])
    assert bot(lambda: causes.watch_overlay(now=timezone.now())) == []
    assert bot(the_overlay_goes) == ["gone"]
    Reaction.objects.filter(pk=row.pk).update(least=30)
    Stream.objects.update(overlay_gone_at=timezone.now() - timedelta(seconds=29))
    assert bot(lambda: causes.watch_overlay(now=timezone.now())) == []
    assert bot(lambda: causes.watch_overlay(now=timezone.now() + timedelta(seconds=5))) == ["gone"]


def test_a_reaction_to_a_closed_overlay_needs_more_than_an_overlay() -> None:
    spoken = [{"kind": "speak", "text": "hello"}]
    row = Reaction(occasion="overlay_gone", effects=spoken)
    assert [column for column, _ in sentences.mistakes(row)] == ["effects"]
    for useful in (
        Reaction(occasion="overlay_gone", effects=spoken, lines="gone"),
        Reaction(occasion="raid", effects=spoken),
    ):
        assert sentences.mistakes(useful) == []
    on_overlays = set()
    for name, kind in kinds.items():
        try:
            kind.require_ready()
        except Refused as error:
            on_overlays |= {name} if str(error) == pages.CLOSED() else set()
    assert on_overlays == sentences.ON_OVERLAYS


def test_the_form_says_where_a_row_runs_once(admin_client: Client) -> None:
    page = admin_client.get("/admin/joystick/reaction/add/").text
    assert "{target}, {title}. Without a cooldown, it runs once for each goal." in page
    assert page.count("Without a cooldown") == 4


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
        "shout_out": ["line of first_line_ever", "line of word"],
        "back": ["line of word"],
    }
    assert [line for line in said if line != "line of level_up"] == shared.get(name, [])


@with_subject
def test_with_a_subject_a_row_is_for_that_one_only(bot: Happens, name: str) -> None:
    _, happening, subject, *_ = OCCASIONS[name]
    Reaction.objects.create(occasion=name, subject="something else", lines="another's")
    assert bot(happening) == []
    row = Reaction.objects.create(occasion=name, subject=f" {subject.upper()}", lines="its own")
    assert bot(happening) == ["its own"]
    Reaction.objects.filter(pk=row.pk).update(enabled=False)
    Reaction.objects.create(occasion=name, lines="for all")
    assert bot(happening) == ["for all"]


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
    row.cooldown_seconds = 0
    once = f", once {kind.once}" if kind.once else ""
    assert sentences.sentence(row) == f"When {kind.title}: say “hi”{once}."


def test_nobody_sees_a_reaction_to_the_bot_itself(bot: Happens, settings: Any) -> None:
    settings.BOT_USERNAME = "PixelBot"
    Reaction.objects.create(occasion="dropin", lines="hi {user}")
    assert bot(enter("pixelbot"), enter("Bob")) == ["hi Bob"]


def test_a_link_may_name_the_occasion_of_a_new_row(admin_client: Client) -> None:
    for query, chosen in (("?occasion=raid", ["raid"]), ("", ["tip"]), ("?occasion=nonsense", [])):
        page = admin_client.get(f"/admin/joystick/reaction/add/{query}").text
        options = page.partition('name="occasion"')[2].partition("</select>")[0]
        assert re.findall(r'<option value="(\w+)" selected>', options) == chosen
