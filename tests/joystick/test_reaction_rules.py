"""Which rows run: the first that matches, in their order, within their conditions, cooldowns and chances."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from economy.ledger import xp
from economy.models import Cooldown, Points, Viewer
from effects.models import QueueItem, SavedSequence, State
from effects.queue import items, worker
from joystick.models import Counter, InboundEvent, Reaction, Stream
from joystick.protocol.events import Count, Event, Tip
from joystick.reactions import causes, engine, places, rules, sentences
from joystick.reactions.causes import OverlayGone
from joystick.reactions.engine import Reacting
from joystick.simulator.happenings import Happening, chat, ended, follow, gift, raid, started, tip

pytestmark = pytest.mark.django_db


@pytest.fixture
def says(
    deliver: Callable[..., None], said: list[str], django_capture_on_commit_callbacks: Any
) -> Callable[..., list[str]]:
    """Lets something happen; returns what the bot says."""

    def let(*happenings: Happening) -> list[str]:
        said.clear()
        with django_capture_on_commit_callbacks(execute=True):
            deliver(*happenings)
        return list(said)

    return let


Says = Callable[..., list[str]]


def row(occasion: str = "tip", line: str = "yes", **columns: Any) -> Reaction:
    """Store a row."""
    return Reaction.objects.create(occasion=occasion, lines=line, **columns)


def test_the_first_row_that_matches_runs_and_those_below_do_not(says: Says) -> None:
    row(line="second", order=2)
    row(line="first", order=1, least=50, most=99)
    assert says(tip("Bob", 49), tip("Bob", 50), tip("Bob", 99), tip("Bob", 100)) == [
        "second",
        "first",
        "first",
        "second",
    ]


def test_a_row_that_goes_on_leaves_the_rest_their_turn_also_across_occasions(says: Says) -> None:
    row("menu_item", "an item", goes_on=True)
    row(line="on", goes_on=True, order=1)
    row(line="last", order=2)
    row(line="never", order=3)
    assert says(tip("Bob", 5, "Song")) == ["an item", "on", "last"]


@pytest.mark.parametrize(
    ("match", "subject", "runs"),
    [
        ("is", "song", {"Song", "SONG "}),
        ("begins", "song", {"Song", "SONG ", "Song of mine"}),
        ("contains", "song", {"Song", "SONG ", "Song of mine", "a song!"}),
    ],
)
def test_how_a_subject_is_compared(says: Says, match: str, subject: str, runs: set[str]) -> None:
    row("menu_item", "{item}", subject=subject, match=match)
    items = ["Song", "SONG ", "Song of mine", "a song!", "songs", "unsong"]
    said = says(*(tip("Bob", 5, item) for item in items))
    assert {line.strip() for line in said} == {item.strip() for item in runs}


def test_an_amount_that_is_not_known_is_in_no_range(says: Says) -> None:
    row("raid", "many", least=0, order=0)
    row("raid", "some", order=1)
    unknown = Happening("stream_dropped_in", "Kettle", "", {})
    assert says(raid("Kettle", 3), unknown) == ["many", "some"]


def test_a_row_may_be_for_a_role_by_the_badge_of_the_moment_and_for_a_level(says: Says) -> None:
    row("follow", "mod", role=3, viewer_cooldown_seconds=0, order=0)
    row("follow", "level 2", min_level=2, viewer_cooldown_seconds=0, order=1)
    row("follow", "anybody", viewer_cooldown_seconds=0, order=2)
    assert says(follow("Bob"), chat("Mo", "hi", "mod"), follow("Mo")) == ["anybody", "mod"]
    xp.award(Viewer.objects.get(key="bob"), 500, source="test", reference="test:1")
    assert says(follow("Bob")) == ["level 2"]


def test_live_only(says: Says) -> None:
    row(line="live", live_only=True)
    assert says(tip("Bob", 1)) == []
    says(started())
    assert says(tip("Bob", 1)) == ["live"]
    says(ended())
    assert says(tip("Bob", 1)) == []


def test_a_cooldown_of_everybody_and_one_of_each_viewer(says: Says) -> None:
    row(line="all", cooldown_seconds=60, order=0)
    row(line="own", viewer_cooldown_seconds=60, order=1)
    row(line="rest", order=2)
    assert says(*(tip(name, 1) for name in ("Bob", "Ann", "ANN", "Cid"))) == ["all", "own", "rest", "own"]
    Cooldown.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert says(tip("Ann", 1)) == ["all"]


def test_chance_is_as_often_as_it_says(says: Says, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "dice", random.Random(7))
    row(line="rare", chance=20, order=0)
    row(line="else", order=1)
    said = says(*(tip("Bob", 1) for _ in range(1000)))
    assert len(said) == 1000
    assert 150 <= said.count("rare") <= 250  # 200 ± 4 standard deviations


def test_several_lines_are_said_in_turn_or_at_random(says: Says, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "dice", random.Random(7))
    turns = row(line="a\n\n b \nc", in_turn=True)
    assert says(tip("Bob", 1), tip("Bob", 2)) + says(tip("Bob", 3), tip("Bob", 4)) == ["a", "b", "c", "a"]
    Reaction.objects.filter(pk=turns.pk).update(in_turn=False)
    said = says(*(tip("Bob", 1) for _ in range(300)))
    assert set(said) == {"a", "b", "c"} and min(map(said.count, "abc")) > 60


def test_how_often_it_ran_tonight_begins_anew_with_a_stream(says: Says, admin_client: Client) -> None:
    counted = row(line="yes")
    says(replace(started(), at=timezone.now() - timedelta(hours=2)), tip("Bob", 1), tip("Bob", 1))
    says(tip("Bob", 1), ended(), tip("Bob", 1))  # the evening goes on after the stream
    counted.refresh_from_db()
    assert (counted.runs, counted.evening_runs) == (4, 4)
    Stream.objects.update(started_at=timezone.now() - timedelta(days=2))
    says(started(), tip("Bob", 1))
    counted.refresh_from_db()
    assert (counted.runs, counted.evening_runs) == (5, 1)
    assert '<td class="field-tonight">1</td>' in admin_client.get("/admin/joystick/reaction/").text


def test_rows_of_an_occasion_that_is_gone_do_nothing_and_are_marked(says: Says, admin_client: Client) -> None:
    gone = row("no_such_thing", "x")
    row(line="yes")
    assert says(tip("Bob", 1)) == ["yes"]
    assert "There is no such occasion any more." in admin_client.get("/admin/joystick/reaction/").text
    assert admin_client.get(f"/admin/joystick/reaction/{gone.pk}/change/").status_code == 200


def test_an_event_without_a_row_for_it_takes_no_statement_and_no_look_at_it(django_assert_num_queries: Any) -> None:
    row("raid")
    reacting = Reacting(timezone.now())
    assert set(reacting.rule_set.kinds) == {kind for kind in reacting.rule_set.kinds if kind.__name__ == "DroppedIn"}
    with django_assert_num_queries(0):
        reacting.collect(Tip(uid="1", kind="tipped", username="Bob", tokens=1), uid="1", channel_id="")
    assert reacting.candidates == []


def test_rules_that_differ_in_anything_are_not_equal() -> None:
    """A live value is taken anew where it differs, and rows of models are equal by their ids."""
    changed = row(line="old")
    before = rules.read()
    Reaction.objects.filter(pk=changed.pk).update(lines="new")
    assert rules.read() != before


def test_many_alike_have_one_effect_with_their_sum_and_each_what_it_gives(says: Says) -> None:
    steps = [{"kind": "alert", "text": "{user}: {count} subscriptions"}, {"kind": "grant_points", "points": 7}]
    row("gift", "", effects=steps)
    says(*(gift("Bob", number) for number in (1, 2, 9)))
    assert [item.title for item in QueueItem.objects.filter(kind="alert")] == ["Bob: 12 subscriptions"]
    assert Points.objects.get(viewer__key="bob").balance == 12 * 200 + 3 * 7
    QueueItem.objects.all().delete()
    says(gift("Bob", 1), gift("Ann", 2), gift("Cid", 3))
    (item,) = QueueItem.objects.filter(kind="alert")
    assert item.title == "Bob and 2 more: 6 subscriptions" and item.viewer == Viewer.objects.get(key="bob")
    QueueItem.objects.all().delete()
    says(gift("Bob", 1), gift("Ann", 2))
    assert QueueItem.objects.filter(kind="alert").count() == 2


def test_a_flood_over_many_batches_is_one_effect_too_and_each_gets_what_it_gives(says: Says) -> None:
    steps = [
        {"kind": "alert", "text": "{user} gave {count} subscriptions"},
        {"kind": "grant_points", "points": 7},
        {"kind": "spin_wheel"},
    ]
    gifts = row("gift", "", effects=steps)
    for number in range(12):
        says(gift("Ann" if number == 5 else "Bob", 1))
    assert [item.title for item in QueueItem.objects.filter(kind="alert")] == ["Bob and 1 more gave 12 subscriptions"]
    assert Points.objects.get(viewer__key="bob").balance == 11 * (200 + 7)
    assert QueueItem.objects.filter(kind="spin_wheel").count() == 12
    assert InboundEvent.objects.filter(kind="gifted_subscriptions").count() == 12
    # A row that says something else now is another effect.
    Reaction.objects.filter(pk=gifts.pk).update(effects=[{"kind": "alert", "text": "{count} from {user}"}])
    says(gift("Bob", 2))
    assert QueueItem.objects.filter(kind="alert").latest("pk").title == "2 from Bob"


# An alert, and what is said three seconds after it: by itself, in a row, and as a sequence that was saved.
THANKS = [
    {"kind": "alert", "text": "{user}: {tokens}"}, {"kind": "wait", "seconds": 3},
    {"kind": "speak", "text": "{user} gave {tokens}", "source": "tip"},
]  # fmt: skip


@pytest.mark.parametrize(
    "steps", [THANKS, [{"kind": "run_effects", "effects": THANKS}], [{"kind": "saved", "name": "thanks"}]]
)
def test_a_flood_of_sequences_with_a_pause_is_one_after_the_other_that_has_begun(
    says: Says, steps: list[dict[str, Any]]
) -> None:
    SavedSequence.objects.create(name="thanks", effects=THANKS)
    row(effects=steps)
    says(tip("Bob", 2))
    begun = worker.claim("notification")
    assert begun is not None and begun.title == "Bob: 2"
    for number in range(33):  # in batches of one, two and three
        says(*(tip(f"viewer{number}", 1) for _ in range(1 + number % 3)))
    (waiting,) = QueueItem.objects.filter(kind="alert", state=State.PENDING)
    assert (waiting.title, waiting.folded) == ("viewer0 and 32 more: 66", 44)
    assert items.finish(begun.pk, begun.attempts)
    later = worker.claim("notification")
    assert later is not None and items.finish(later.pk, later.attempts)
    # What follows is said of all of them, after its pause.
    assert not QueueItem.objects.filter(kind="speak").exists()
    QueueItem.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    worker.drain("")
    said = QueueItem.objects.filter(kind="speak").order_by("pk").values_list("payload__text", flat=True)
    assert list(said) == ["Bob gave 2", "viewer0 and 32 more gave 66"]


def test_a_sequence_with_a_pause_that_gives_something_is_each_viewers_own(says: Says) -> None:
    row(effects=[*THANKS, {"kind": "grant_points", "points": 7}])
    for name in ("Bob", "Ann"):
        says(tip(name, 1))
    assert [item.title for item in QueueItem.objects.filter(kind="alert").order_by("pk")] == ["Bob: 1", "Ann: 1"]


@pytest.mark.parametrize("pause", [[], [{"kind": "wait", "seconds": 3}]])
def test_a_counter_in_an_effect_counts_each_of_many_alike(says: Says, pause: list[dict[str, Any]]) -> None:
    Counter.objects.create(name="heroes")
    row(effects=[{"kind": "alert", "text": "{user} is hero {counter:heroes+1}"}, *pause, *THANKS[2:]])
    for number in range(6):  # in batches of one to six
        says(*(tip(f"viewer{each}", 1) for each in range(1 + number)))
    assert Counter.objects.get().value == 21
    titles = QueueItem.objects.filter(kind="alert").order_by("pk").values_list("title", flat=True)
    assert [title.rpartition(" ")[2] for title in titles] == [str(number) for number in range(1, 22)]


def test_a_sequence_whose_first_effect_is_chosen_in_its_turn_is_each_viewers_own(says: Says) -> None:
    choice = {"kind": "only_if", "effects": THANKS[:1], "chance": 100}
    row(effects=[choice, *THANKS[1:]])
    for name in ("Bob", "Ann"):
        says(tip(name, 1))
    assert [item.title for item in QueueItem.objects.filter(kind="alert").order_by("pk")] == ["Bob: 1", "Ann: 1"]


def test_a_hundred_small_tips_within_seconds_are_few_alerts_and_lose_none(says: Says) -> None:
    row(effects=THANKS)
    for number in range(50):  # two at a time, of which both stay while nothing waits
        says(tip(f"viewer{number}", 1), tip("Bob", 1))
    alerts = [item.title for item in QueueItem.objects.filter(kind="alert").order_by("pk")]
    assert alerts == ["viewer0: 1", "Bob and 49 more: 99"]


def test_a_number_is_not_added_to_some(says: Says) -> None:
    row("raid", "", effects=[{"kind": "alert", "text": "{user}: {viewers}"}])
    for viewers in ({}, {"number_of_viewers": 5}, {}, {"number_of_viewers": 6}):
        says(Happening("stream_dropped_in", "Kettle", "", dict(viewers)))
    assert sorted(item.title for item in QueueItem.objects.filter(kind="alert")) == ["Kettle: 11", "Kettle: some"]


def test_what_is_reached_as_a_whole_is_not_added_up(says: Says) -> None:
    row("overlay_gone", "", cooldown_seconds=1, effects=[{"kind": "alert", "text": "{seconds}"}])
    now = timezone.now()
    for seconds in (15, 20):
        causes.react(OverlayGone(now, seconds), now=now + timedelta(seconds=seconds))
    assert [item.title for item in QueueItem.objects.order_by("pk")] == ["15", "20"]


def test_what_differs_in_a_word_that_is_shown_is_not_folded(says: Says) -> None:
    row("menu_item", "", effects=[{"kind": "alert", "text": "{item} {tokens}"}])
    says(*(tip("Bob", 5, item) for item in ("Song", "Song", "Dance", "Song")))
    assert sorted(item.title for item in QueueItem.objects.all()) == ["Dance 5", "Song 15"]


def test_a_hundred_tips_at_once_make_the_voice_wait_no_longer_than_one(says: Says) -> None:
    row(effects=[{"kind": "speak", "text": "{user} tipped {tokens} tokens", "source": "tip"}])
    says(*(tip(f"viewer{number % 20}", 2) for number in range(100)))
    (item,) = QueueItem.objects.filter(lane="tts")
    assert item.payload["text"] == "viewer0 and 19 more tipped 200 tokens"


# --- marks, sentences, places ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "then", "mark"),
    [
        ({}, {"least": 5}, "An earlier row always runs instead: When somebody tips: say “yes”."),
        ({"least": 1, "most": 9}, {"least": 2, "most": 9}, "An earlier row always runs instead"),
        ({"least": 1, "most": 9}, {"least": 2, "most": 10}, ""),
        ({"least": 1, "most": 9}, {"least": 2}, ""),
        ({"goes_on": True}, {}, ""),
        ({"chance": 99}, {}, ""),
        ({"cooldown_seconds": 5}, {}, ""),
        ({"viewer_cooldown_seconds": 5}, {}, ""),
        ({"role": 1}, {}, ""),
        ({"role": 1}, {"role": 2}, "An earlier row always runs instead"),
        ({"min_level": 3}, {"min_level": 2}, ""),
        ({"live_only": True}, {}, ""),
        ({"enabled": False}, {}, ""),
        ({"occasion": "menu_item"}, {}, ""),
        ({}, {"least": 9, "most": 8}, "Its range is empty."),
        ({"occasion": "follow"}, {"occasion": "follow", "subject": "x"}, "This occasion has no subject."),
        ({}, {"occasion": "stream_ended", "live_only": True}, "The channel is never live then."),
    ],
)
def test_a_row_that_can_never_run_is_marked(first: dict[str, Any], then: dict[str, Any], mark: str) -> None:
    rows = [row(**columns, order=place) for place, columns in enumerate((first, then))]
    found = sentences.marks(rows)
    assert (rows[1].pk in found) == bool(mark)
    assert found.get(rows[1].pk, "").startswith(mark)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (
            {"least": 50, "most": 99, "cooldown_seconds": 60, "effects": [{"kind": "alert", "text": "Big tip"}]},
            "When somebody tips (50–99 tokens): say “yes”, alert “Big tip”, once a minute.",
        ),
        ({"least": 69, "most": 69}, "When somebody tips (69 tokens): say “yes”."),
        ({"most": 14, "line": ""}, "When somebody tips (up to 14 tokens): do nothing."),
        ({"least": 9, "goes_on": True}, "When somebody tips (9 tokens or more): say “yes”, and then go on."),
        ({"line": "a\nb\nc", "chance": 5}, "When somebody tips: say “a” or one of 2 other lines, in 5 of 100 times."),
        (
            {"role": 2, "min_level": 3, "live_only": True, "viewer_cooldown_seconds": 7200},
            "When somebody tips, who is at least a subscriber, who has level 3 or more, while live: say “yes”, "
            "once in 2 hours for each viewer.",
        ),
        (
            {"occasion": "menu_item", "subject": "Song", "match": "begins"},
            "When somebody tips for an item of the tip menu, which begins with “Song”: say “yes”.",
        ),
    ],
)
def test_a_row_as_a_sentence(columns: dict[str, Any], sentence: str) -> None:
    assert sentences.sentence(row(**columns)) == sentence


def test_a_new_row_is_placed_by_what_it_matches_and_can_be_moved(admin_client: Client, says: Says) -> None:
    ranges: list[dict[str, Any]] = [{"least": 50, "most": 99}, {"least": 100}, {}]
    for place, columns in enumerate(ranges):
        row(line=f"row {place}", order=place, **columns)
    form = {"occasion": "tip", "lines": "new", "enabled": "on", "effects": "[]", "least": "60", "most": "60"}
    assert admin_client.post("/admin/joystick/reaction/add/", form).status_code == 302
    assert says(tip("Bob", 60)) == ["new"]
    new = Reaction.objects.get(lines="new")
    down = f"/admin/joystick/reaction/{new.pk}/move/down/"
    assert admin_client.get(down).status_code == 403
    assert admin_client.post(down).status_code == 302
    assert says(tip("Bob", 60)) == ["row 0"]
    assert places.move(new, -1) and not places.move(new, -1)
    page = admin_client.get("/admin/joystick/reaction/").text
    assert f'formaction="{down}"' in page
    assert page.index("say “new”") < page.index("say “row 0”") < page.index("say “row 2”")


def test_what_an_occasion_has_not_is_ignored_with_a_sentence(admin_client: Client) -> None:
    form = {"occasion": "stream_started", "lines": "hi", "enabled": "on", "effects": "[]"}
    more = {"least": "5", "subject": "x", "role": "3", "min_level": "2", "viewer_cooldown_seconds": "9"}
    answer = admin_client.post("/admin/joystick/reaction/add/", form | more, follow=True)
    sentences_ = [str(message) for message in answer.context["messages"]]
    assert "“From” is ignored: “the stream begins” has no amount." in sentences_
    assert sum("is ignored" in sentence for sentence in sentences_) == 5
    saved = Reaction.objects.get()
    assert (saved.least, saved.subject, saved.role, saved.min_level) == (None, "", 0, 0)


def test_saving_a_form_keeps_how_often_the_row_ran_meanwhile(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = row(line="old", order=4)

    def it_runs_meanwhile(changed: Reaction) -> list[tuple[str, str]]:
        Reaction.objects.filter(pk=changed.pk).update(runs=9)
        return []

    monkeypatch.setattr(sentences, "mistakes", it_runs_meanwhile)
    form = {"occasion": "tip", "lines": "new", "enabled": "on", "effects": "[]"}
    admin_client.post(f"/admin/joystick/reaction/{kept.pk}/change/", form)
    kept.refresh_from_db()
    assert (kept.lines, kept.runs, kept.order, kept.chance) == ("new", 9, 4, 100)


# --- a hundred generated sets of rows --------------------------------------------------------------------------------

bound = st.none() | st.integers(0, 30)
made_rows = st.lists(
    st.fixed_dictionaries(
        {
            "occasion": st.sampled_from(["tip", "menu_item", "viewer_count"]),
            "least": bound,
            "most": bound,
            "goes_on": st.booleans(),
            "cooldown_seconds": st.sampled_from([0, 0, 60]),
            "viewer_cooldown_seconds": st.sampled_from([None, 0, 60]),
        }
    ),
    max_size=8,
)
# Without a name: how many watch.
made_events = st.lists(
    st.tuples(st.sampled_from(["bob", "ann", ""]), st.integers(0, 30), st.sampled_from(["", "Song"])), max_size=12
)


class GeneratedRows(TestCase):
    """The engine against a plain reading of the rules, in the order of the rows."""

    @hypothesis_settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(made_rows, made_events)
    def test_order_ends_of_chains_and_cooldowns_hold(self, made: list[dict[str, Any]], told: list[Any]) -> None:
        stored = [Reaction.objects.create(order=place, lines="x", **columns) for place, columns in enumerate(made)]
        reacting = Reacting(timezone.now())
        for number, (name, amount, item) in enumerate(told):
            event: Event = Tip(uid=str(number), kind="tipped", username=name, tokens=amount, item=item)
            if not name:
                event = Count(uid=str(number), kind="viewer_count_updated", number=amount)
            reacting.collect(event, uid=event.uid, channel_id="")
        ran = [(run.candidate.event, run.rule.pk) for run in reacting.runs({})]
        assert ran == list(self.expected(stored, told))

    def expected(self, stored: list[Reaction], told: list[Any]) -> Any:
        used: set[Any] = set()
        for number, (name, tokens, item) in enumerate(told):
            for one in [
                *(r for r in stored if r.occasion == "menu_item" and item and name),
                *(r for r in stored if r.occasion == "tip" and name),
                *(r for r in stored if r.occasion == "viewer_count" and not name),
            ]:
                # A number of viewers is reached once in the stream, unless there is a cooldown.
                keys: set[Any] = {one.pk} if one.cooldown_seconds or not name else set()
                keys |= {(one.pk, name)} if one.viewer_cooldown_seconds and name else set()
                if tokens < (one.least or 0) or (one.most is not None and tokens > one.most) or keys & used:
                    continue
                used |= keys
                yield str(number), one.pk
                if not one.goes_on:
                    break
