"""What waits in the queue: the viewers' items count for their limits, the bot's own lines have a limit of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from economy.models import Viewer
from effects.models import Purchase, QueueItem, State
from effects.queue import items, lanes, worker
from effects.registry.values import show_media, speak
from joystick.models import Reaction
from joystick.simulator.happenings import raid, tip

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken", "frames")]


def lines(state: State = State.PENDING) -> QuerySet[QueueItem, str]:
    return QueueItem.objects.filter(state=state).order_by("pk").values_list("title", flat=True)


@pytest.fixture
def limit(settings: Any) -> int:
    settings.QUEUE_OWN_MAX = 3
    return 3


def test_the_bots_own_lines_do_not_count_for_the_viewers_limit(viewer: Callable[..., Viewer]) -> None:
    bob = viewer("Bob")
    for number in range(4):
        items.enqueue(speak(f"tip {number}", source="tip"))
    items.enqueue(speak("hello", source="redeem"), viewer=bob, purchase=Purchase.objects.create(viewer=bob))
    assert lanes.bought("tts") == 1


def test_a_newer_line_takes_the_place_of_the_oldest_of_its_kind(limit: int, said: list[str]) -> None:
    for text, source in (("tip 1", "tip"), ("level 1", "level"), ("tip 2", "tip")):
        items.enqueue(speak(text, source=source))
    items.enqueue(speak("tip 3", source="tip"))
    assert list(lines()) == ["level 1", "tip 2", "tip 3"]
    assert list(lines(State.SKIPPED)) == ["tip 1"] and said == []


def test_where_none_of_its_kind_waits_the_oldest_goes_but_tips_last(limit: int) -> None:
    for text, source in (("tip 1", "tip"), ("level 1", "level"), ("level 2", "level")):
        items.enqueue(speak(text, source=source))
    items.enqueue(speak("the wheel 1", source="wheel"))
    assert list(lines()) == ["tip 1", "level 2", "the wheel 1"]


def test_a_hundred_level_ups_at_once_leave_no_more_than_the_limit(limit: int) -> None:
    for number in range(100):
        items.enqueue(speak(f"level {number}", source="level"))
    assert list(lines()) == ["level 97", "level 98", "level 99"]


def test_what_viewers_bought_won_or_were_given_is_dropped_for_nothing(
    limit: int, viewer: Callable[..., Viewer]
) -> None:
    bob = viewer("Bob")
    for number in range(5):
        purchase = Purchase.objects.create(viewer=bob)
        items.enqueue(speak(f"bought {number}", source="redeem"), viewer=bob, purchase=purchase)
        items.enqueue(speak(f"given {number}", source="redeem"), viewer=bob)
        items.enqueue(speak(f"won {number}"), viewer=bob, part_of="the prize Applause")
        items.enqueue(show_media(f"shown {number}"))
    for number in range(5):
        items.enqueue(speak(f"level {number}", source="level"))
    assert lines().count() == 20 + limit


@pytest.mark.parametrize("source", ["tip", "system", "redeem"])
def test_what_a_reaction_speaks_has_no_more_room_however_it_calls_itself(
    limit: int, source: str, deliver: Callable[..., None]
) -> None:
    """Over many batches, and with words that are never alike."""
    effects = [{"kind": "speak", "text": "{user} {item}", "source": source}]
    Reaction.objects.create(occasion="menu_item", effects=effects)
    Reaction.objects.create(occasion="raid", effects=[{"kind": "run_effects", "effects": effects}])
    for number in range(15):
        deliver(tip("Bob", 5, f"Song {number}"))
        deliver(raid(f"Kettle {number}", 5))
        assert lines().filter(lane="tts").count() <= limit
    # Those of a sequence may have become one with others alike.
    told = [*lines(), *lines(State.SKIPPED)]
    more = [re.search(r" and (\d+) more", title) for title in told]
    assert len(told) + sum(int(found[1]) for found in more if found) == 30


def ends(*numbers: int) -> list[str]:
    """Let so many items happen one after another; return what they were."""
    happened = []
    for _ in numbers:
        item = worker.claim("tts")
        assert item is not None and items.finish(item.pk, item.attempts)
        happened.append(item.title)
    return happened


def test_viewers_wait_for_one_of_the_bots_own_lines_and_these_for_viewers_but_not_for_ever(
    viewer: Callable[..., Viewer],
) -> None:
    bob = viewer("Bob")

    def buys(text: str, priority: int = 0) -> None:
        purchase = Purchase.objects.create(viewer=bob)
        items.enqueue(speak(text, source="redeem"), viewer=bob, purchase=purchase, priority=priority)

    for number in range(3):
        items.enqueue(speak(f"own {number}", source="tip"))
    buys("bob 0")
    buys("bob 1")
    assert lanes.place(bob) == (5, 1)
    assert ends(1, 2, 3) == ["own 0", "bob 0", "bob 1"]
    buys("bob 2")
    assert ends(1) == ["own 1"]
    buys("bob 3")
    items.enqueue(speak("own 3", source="tip"))
    assert ends(1, 2, 3, 4) == ["bob 2", "own 2", "bob 3", "own 3"]
    items.enqueue(speak("own 4", source="tip"))
    buys("bob 4", priority=1)
    assert ends(1, 2) == ["bob 4", "own 4"]


def test_a_viewer_does_not_wait_for_what_the_bot_says_while_another_line_of_it_plays(
    viewer: Callable[..., Viewer],
) -> None:
    bob = viewer("Bob")
    for number in range(2):
        items.enqueue(speak(f"own {number}", source="tip"))
    plays = worker.claim("tts")
    assert plays is not None
    items.enqueue(speak("bob", source="redeem"), viewer=bob, purchase=Purchase.objects.create(viewer=bob))
    following = worker._first("tts")
    assert following is not None and following.title == "bob"
    items.finish(plays.pk, plays.attempts)
    assert ends(1, 2) == ["bob", "own 1"]


def test_the_next_of_a_lane_while_what_waited_is_taken(viewer: Callable[..., Viewer]) -> None:
    """Another worker, or staff, may take the viewer's line between two looks at what waits."""
    bob = viewer("Bob")
    items.enqueue(speak("own", source="tip"))
    items.enqueue(speak("bob", source="redeem"), viewer=bob, purchase=Purchase.objects.create(viewer=bob))
    taken: list[int] = []

    def take(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "MIN(" in sql and not taken:
            taken.append(QueueItem.objects.filter(title="bob").update(state=State.SKIPPED))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(take):
        item = worker.claim("tts")
    assert taken == [1] and item is not None and item.title == "own"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL scans tables that are as short as these")
def test_the_next_of_a_lane_is_found_by_indexes(viewer: Callable[..., Viewer]) -> None:
    """However long the history is: what waits in a lane is a few rows."""
    bob = viewer("Bob")
    items.enqueue(speak("own", source="tip"))
    items.enqueue(speak("bob", source="redeem"), viewer=bob, purchase=Purchase.objects.create(viewer=bob))
    with CaptureQueriesContext(connection) as asked:
        assert worker._first("tts") is not None
    assert len(asked.captured_queries) == 6
    for query in asked.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plan = " ".join(str(row[-1]) for row in cursor.fetchall())
        assert "SCAN" not in plan and ("AND state=?" in plan or "finished_at>?" in plan or "effects_lane" in plan), plan


def test_the_rest_of_a_sequence_still_happens_when_its_line_was_dropped(
    limit: int, said: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    items.enqueue(speak("level 1", source="level"), sequel=[{"kind": "chat_line", "text": "well done"}])
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(2, 5):
            items.enqueue(speak(f"level {number}", source="level"))
    assert said == ["well done"]
