"""What the streamer set for an occasion happens: the line, the effect, for the right item, not too often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from economy.models import Points
from effects.models import QueueItem
from joystick import reactions
from joystick.models import Reaction, Trigger
from joystick.simulator.happenings import Happening, follow, raid, spin, tip

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
    reactions.seed()
    assert happens(tip("Bob", 14)) == []
    assert happens(tip("Bob", 15)) == ["Thank you for 15 tokens, Bob!"]
    assert happens(tip("Bob", 101)) == ["Thank you for 101 tokens, Bob!", "SPOKEN Bob tipped 101 tokens!"]
    assert happens(raid("Kettle", 37)) == [
        "Kettle drops in with 37 viewers: welcome, everybody! Have a look at Kettle's channel, too.",
        "SPOKEN Kettle drops in with 37 viewers. Welcome!",
    ]


def test_what_the_streamer_deleted_stays_deleted() -> None:
    reactions.seed()
    Reaction.objects.exclude(trigger=Trigger.RAID).delete()
    reactions.seed()
    assert Reaction.objects.count() == 1


def test_an_items_own_row_wins_over_the_general_one_in_any_case(happens: Happens) -> None:
    Reaction.objects.create(trigger=Trigger.TIP_ITEM, line="some {item} for {user}")
    Reaction.objects.create(trigger=Trigger.TIP_ITEM, subject="water BREAK", line="cheers, {user}")
    assert happens(tip("Bob", 5, "Water break")) == ["cheers, Bob"]
    assert happens(tip("Bob", 5, "Song")) == ["some Song for Bob"]
    assert happens(tip("Bob", 5)) == []


SPEAK = {"kind": "speak", "text": "{user} won {prize}"}


def test_a_wheel_prize_may_have_effects(happens: Happens) -> None:
    effects = [SPEAK, {"kind": "chat_line", "text": "well done, {user}"}, {"kind": "grant_points", "points": 7}]
    Reaction.objects.create(trigger=Trigger.WHEEL_PRIZE, subject="Silly hat", effects=effects)
    assert happens(spin("Bob", 50, "Silly hat")) == ["well done, Bob", "SPOKEN Bob won Silly hat"]
    assert Points.objects.get(viewer__key="bob").balance == 50 + 7
    assert happens(spin("Bob", 50, "Nothing")) == []


def test_an_effect_that_is_not_there_any_more_harms_nothing(happens: Happens, caplog: pytest.LogCaptureFixture) -> None:
    Reaction.objects.create(trigger=Trigger.TIP_LOW, effects=[{"kind": "dance"}], line="thanks")
    assert happens(tip("Bob", 5)) == ["thanks"]
    assert "Nothing here knows how to do “dance”" in caplog.text


def test_a_row_that_is_off_does_nothing(happens: Happens) -> None:
    Reaction.objects.create(trigger=Trigger.TIP_LOW, line="thanks", enabled=False)
    assert happens(tip("Bob", 5)) == []


def test_somebody_who_follows_again_and_again_is_thanked_once(happens: Happens) -> None:
    Reaction.objects.create(trigger=Trigger.FOLLOW, line="welcome {user}")
    assert happens(follow("Bob"), follow("BOB"), follow("Ann")) == ["welcome Bob", "welcome Ann"]
    assert happens(follow("Bob")) == []


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ({"trigger": "tip_item", "subject": "Hat", "line": "{user} {tokens} {item}"}, None),
        ({"trigger": "raid", "line": "{user} {viewers}", "effects": [{"kind": "speak", "text": "{user}"}]}, None),
        (
            {"trigger": "raid", "line": "{user} with {viewer}"},
            "{viewer} is not filled in here. Available: {user}, {viewers}.",
        ),
        (
            {"trigger": "follow", "effects": [{"kind": "speak", "text": "{tokens}"}]},
            "{tokens} is not filled in here. Available: {user}.",
        ),
        ({"trigger": "follow", "subject": "Bob"}, "Only menu items and prizes have a name."),
        (
            {"trigger": "stream_ended", "effects": [{"kind": "grant_xp", "xp": 5}]},
            "The start or end of a stream has no viewer to give something to.",
        ),
    ],
)
def test_what_could_not_work_is_said_when_it_is_set(row: dict[str, Any], mistake: str | None) -> None:
    assert [sentence for _, sentence in reactions.mistakes(Reaction(**row))] == ([mistake] if mistake else [])


def test_the_rows_of_a_first_start_have_no_mistakes() -> None:
    reactions.seed()
    assert [found for row in Reaction.objects.all() for found in reactions.mistakes(row)] == []


def test_braces_that_mean_nothing_stay() -> None:
    occasion = reactions.Occasion(Trigger.RAID, "Bob", words={"viewers": 3})
    assert reactions.fill("{user} {viewers} {other} {", occasion) == "Bob 3 {other} {"
