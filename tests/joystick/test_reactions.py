"""What the streamer set for an occasion happens: the line, the effect, for the right item, not too often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from economy.models import Cooldown, LevelReward, Points, Viewer
from effects.models import Overlay, QueueItem
from joystick.models import Reaction
from joystick.reactions import defaults, sentences
from joystick.simulator.happenings import Happening, follow, raid, spin, subscribe, tip

pytestmark = pytest.mark.django_db


@pytest.fixture
def happens(
    deliver: Callable[..., None], said: list[str], django_capture_on_commit_callbacks: Any
) -> Callable[..., list[str]]:
    """Lets something happen; returns what the bot says and speaks."""

    def let(*happenings: Happening) -> list[str]:
        said.clear()
        QueueItem.objects.all().delete()
        with django_capture_on_commit_callbacks(execute=True):
            deliver(*happenings)
        return said + [f"SPOKEN {item.payload['text']}" for item in QueueItem.objects.filter(lane="tts").order_by("id")]

    return let


Happens = Callable[..., list[str]]


def test_the_rows_of_a_first_start(happens: Happens) -> None:
    defaults.seed()
    assert happens(tip("Bob", 14)) == []
    assert happens(tip("Bob", 15)) == ["Thank you for 15 tokens, Bob!"]
    assert happens(tip("Bob", 101)) == ["Thank you for 101 tokens, Bob!", "SPOKEN Bob tipped 101 tokens!"]
    assert happens(raid("Kettle", 37)) == [
        "Kettle drops in with 37 viewers: welcome, everybody! Have a look at Kettle's channel, too.",
        "SPOKEN Kettle drops in with 37 viewers. Welcome!",
    ]


ALERTED = (tip("Ann", 14), tip("Bob", 600), follow("Cat"), subscribe("Dan"), raid("Kettle", 37))


def test_each_of_the_first_rows_shows_an_alert_in_words_that_the_streamer_can_change(happens: Happens) -> None:
    defaults.seed()
    happens(*ALERTED)
    told = [
        (item.payload["design"], item.title, item.payload.get("detail"))
        for item in QueueItem.objects.filter(kind="alert").order_by("id")
    ]
    assert told == [
        ("toast", "Ann tipped 14 tokens", None),
        ("ribbon", "Bob tipped 600 tokens!", "Wow! Thank you!"),
        ("toast", "Cat is following now", "Welcome!"),
        ("card", "Dan subscribed!", "Thank you!"),
        ("banner", "Kettle drops in with 37 viewers", "Welcome, everybody!"),
    ]


def test_the_overlays_corner_leaves_out_what_a_reaction_shows_as_an_alert(
    happens: Happens, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "effects.overlays.messages.group_send",
        lambda group, message: shown.extend(message["frame"].get("events", [])),
    )
    alert = {"kind": "alert", "text": "*{user}*"}
    Reaction.objects.create(occasion="tip", least=50, effects=[{"kind": "run_effects", "effects": [alert]}])
    Reaction.objects.create(occasion="follow", effects=[SPEAK | {"text": "{user}"}])
    Reaction.objects.create(occasion="level_up", effects=[alert])
    LevelReward.objects.create(level=2, points=5)
    happens(tip("Ann", 49), tip("Bob", 50), follow("Cat"), tip("Dan", 49, "Song"))
    assert [(event["username"], event.get("alerted", False)) for event in shown] == [
        ("Ann", False), ("Bob", True), ("Cat", False), ("Dan", False),
    ]  # fmt: skip
    # A level that came of a tip is another matter than the tip.
    shown.clear()
    Reaction.objects.filter(occasion="tip").delete()
    happens(tip("Eve", 5000))
    assert [event.get("alerted", False) for event in shown] == [False]
    assert [item.title for item in QueueItem.objects.filter(kind="alert")] == ["Eve"]


def test_an_update_gives_alerts_to_the_first_rows_that_nobody_has_changed() -> None:
    defaults.seed()
    Reaction.objects.filter(occasion="shout_out").delete()  # it is younger
    as_seeded = {row.pk: row.effects for row in Reaction.objects.all()}
    for row in Reaction.objects.all():
        Reaction.objects.filter(pk=row.pk).update(effects=[step for step in row.effects if step["kind"] != "alert"])
    follows, gifts = Reaction.objects.get(occasion="follow"), Reaction.objects.get(occasion="gift")
    medium, high = Reaction.objects.filter(occasion="tip")[1:3]
    Reaction.objects.filter(pk=follows.pk).update(lines="hi {user}")
    Reaction.objects.filter(pk=gifts.pk).update(enabled=False)
    Reaction.objects.filter(pk=medium.pk).update(lines="")  # it says nothing now, as that for low tips does
    Reaction.objects.filter(pk=high.pk).update(effects=[{"kind": "confetti"}])
    changed = {follows.pk, gifts.pk, medium.pk, high.pk}
    kept = {row.pk: row.effects for row in Reaction.objects.filter(pk__in=changed)}
    before = {row.pk: row.effects for row in Reaction.objects.all()}
    migration = import_module("joystick.migrations.0018_alerts_of_reactions")
    overlay = Overlay.objects.create()
    overlay.widgets.create(kind="events", name="events")
    overlay.widgets.filter(kind="alert").update(enabled=False)
    migration.show_alerts(apps, None)
    assert {row.pk: row.effects for row in Reaction.objects.all()} == before, "there is no place for alerts"
    overlay.widgets.filter(kind="alert").update(enabled=True)
    migration.show_alerts(apps, None)
    assert {row.pk: row.effects for row in Reaction.objects.all()} == as_seeded | kept


def test_what_the_streamer_deleted_stays_deleted() -> None:
    defaults.seed()
    Reaction.objects.exclude(occasion="raid").delete()
    defaults.seed()
    assert Reaction.objects.count() == 1


def test_an_items_own_row_wins_over_the_general_one_in_any_case(happens: Happens) -> None:
    Reaction.objects.create(occasion="menu_item", order=1, lines="some {item} for {user}")
    Reaction.objects.create(occasion="menu_item", subject="water BREAK", lines="cheers, {user}")
    assert happens(tip("Bob", 5, "Water break")) == ["cheers, Bob"]
    assert happens(tip("Bob", 5, "Song")) == ["some Song for Bob"]
    assert happens(tip("Bob", 5)) == []


SPEAK = {"kind": "speak", "text": "{user} won {prize}"}


def test_a_wheel_prize_may_have_effects(happens: Happens) -> None:
    effects = [SPEAK, {"kind": "chat_line", "text": "well done, {user}"}, {"kind": "grant_points", "points": 7}]
    Reaction.objects.create(occasion="wheel", subject="Silly hat", effects=effects)
    assert happens(spin("Bob", 50, "Silly hat")) == ["well done, Bob", "SPOKEN Bob won Silly hat"]
    assert Points.objects.get(viewer__key="bob").balance == 50 + 7
    assert happens(spin("Bob", 50, "Nothing")) == []


def test_an_effect_that_is_not_there_any_more_harms_nothing(happens: Happens, caplog: pytest.LogCaptureFixture) -> None:
    Reaction.objects.create(occasion="tip", most=14, effects=[{"kind": "dance"}], lines="thanks")
    assert happens(tip("Bob", 5)) == ["thanks"]
    assert "there is no effect called “dance”" in caplog.text


def test_a_row_that_is_off_does_nothing(happens: Happens) -> None:
    Reaction.objects.create(occasion="tip", most=14, lines="thanks", enabled=False)
    assert happens(tip("Bob", 5)) == []


def test_somebody_who_follows_again_and_again_is_thanked_once(happens: Happens) -> None:
    Reaction.objects.create(occasion="follow", lines="welcome {user}")
    assert happens(follow("Bob"), follow("BOB"), follow("Ann")) == ["welcome Bob", "welcome Ann"]
    assert happens(follow("Bob")) == []


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ({"occasion": "menu_item", "subject": "Hat", "lines": "{user} {tokens} {item}"}, None),
        ({"occasion": "raid", "lines": "{user} {viewers}", "effects": [{"kind": "speak", "text": "{user}"}]}, None),
        (
            {"occasion": "raid", "lines": "hi\n{user} with {viewer}"},
            "{viewer} is not filled in here. Available: {user}, {viewers}, ",
        ),
        (
            {"occasion": "follow", "effects": [{"kind": "speak", "text": "{tokens}"}]},
            "{tokens} is not filled in here. Available: {user}, ",
        ),
        ({"occasion": "tip", "least": 9, "most": 8}, "This must not be less than “From”."),
        ({"occasion": "gone"}, "There is no such occasion."),
        (
            {"occasion": "stream_ended", "live_only": True},
            "The channel is not live any more then: this would never run.",
        ),
        (
            {"occasion": "stream_ended", "effects": [{"kind": "grant_xp", "xp": 5}]},
            "“the stream ends” has no viewer to give something to.",
        ),
    ],
)
def test_what_could_not_work_is_said_when_it_is_set(row: dict[str, Any], mistake: str | None) -> None:
    found = [sentence for _, sentence in sentences.mistakes(Reaction(**row))]
    assert len(found) == (mistake is not None) and all(sentence.startswith(mistake or "") for sentence in found)


def test_the_rows_of_a_first_start_have_no_mistakes() -> None:
    defaults.seed()
    assert [found for row in Reaction.objects.all() for found in sentences.mistakes(row)] == []


def test_a_tip_for_an_item_is_thanked_once_by_its_item_or_else_by_its_size(happens: Happens) -> None:
    Reaction.objects.create(occasion="menu_item", subject="Song", lines="a song!")
    Reaction.objects.create(occasion="tip", least=15, most=100, lines="thanks")
    assert happens(tip("Bob", 25, "Song")) == ["a song!"]
    assert happens(tip("Bob", 25, "Water break")) == ["thanks"]
    Reaction.objects.create(occasion="menu_item", lines="{item}, thank you!")
    assert happens(tip("Bob", 25, "Water break")) == ["Water break, thank you!"]


def test_the_reactions_of_a_batch_come_in_the_order_of_its_events(happens: Happens) -> None:
    Reaction.objects.create(occasion="tip", most=14, lines="{user} {tokens}")
    Reaction.objects.create(occasion="follow", lines="{user} follows")
    assert happens(tip("Bob", 1), follow("Ann"), tip("Ann", 2), tip("Bob", 3)) == [
        "Bob 1",
        "Ann follows",
        "Ann 2",
        "Bob 3",
    ]


def test_the_days_wait_between_two_thanks_is_each_viewers_own_and_ends(happens: Happens) -> None:
    Reaction.objects.create(occasion="follow", lines="welcome {user}")
    assert happens(follow("Bob")) == ["welcome Bob"]
    assert happens(follow("Ann"), follow("Bob")) == ["welcome Ann"]
    Cooldown.objects.filter(key__endswith=":bob").update(until=timezone.now() - timedelta(seconds=1))
    assert happens(follow("Bob"), follow("Ann")) == ["welcome Bob"]


def test_somebody_who_tips_again_and_again_is_thanked_each_time(happens: Happens) -> None:
    Reaction.objects.create(occasion="tip", most=14, lines="thanks")
    assert happens(tip("Bob", 1), tip("Bob", 1)) == ["thanks", "thanks"]


def test_an_occasion_whose_batch_failed_is_no_occasion(happens: Happens, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thanks of a day are used up by what was said, not by what was rolled back."""
    Reaction.objects.create(occasion="follow", lines="welcome {user}")
    with monkeypatch.context() as patch:
        patch.setattr("effects.overlays.messages.happened", lambda events: 1 / 0)
        assert happens(follow("Bob")) == []
    assert happens(follow("Bob")) == ["welcome Bob"]


def test_a_viewer_named_like_a_word_in_braces_gets_no_words_filled_in_twice(happens: Happens) -> None:
    Reaction.objects.create(occasion="menu_item", lines="{item} for {user}")
    assert happens(tip("Bob", 5, "{user}")) == ["{user} for Bob"]


def test_points_given_by_a_reaction_go_to_the_viewer_of_the_occasion(happens: Happens) -> None:
    effects = [{"kind": "grant_points", "points": 70}]
    Reaction.objects.create(occasion="raid", effects=effects)
    happens(tip("Ann", 1), raid("Kettle", 3), tip("Bob", 1))
    balances = dict(Points.objects.values_list("viewer__key", "balance"))
    assert balances == {"ann": 1, "kettle": 100 + 70, "bob": 1}


def test_who_is_excluded_gets_nothing_by_a_reaction(happens: Happens, viewer: Callable[..., Viewer]) -> None:
    bob = viewer("Bob")
    Viewer.objects.filter(pk=bob.pk).update(excluded=True)
    effects = [{"kind": "grant_points", "points": 70}]
    Reaction.objects.create(occasion="tip", effects=effects)
    happens(tip("Bob", 10), tip("Ann", 1))
    assert Points.objects.get(viewer=bob).balance == 0 and Points.objects.get(viewer__key="ann").balance == 71
