"""What waits in the queue: the viewers' items count for their limits, the bot's own lines have a limit of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import QuerySet

from economy.models import Viewer
from effects.models import Purchase, QueueItem, State
from effects.queue import items, lanes
from effects.values import show_media, speak

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


def test_the_rest_of_a_sequence_still_happens_when_its_line_was_dropped(
    limit: int, said: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    items.enqueue(speak("level 1", source="level"), sequel=[{"kind": "chat_line", "text": "well done"}])
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(2, 5):
            items.enqueue(speak(f"level {number}", source="level"))
    assert said == ["well done"]
