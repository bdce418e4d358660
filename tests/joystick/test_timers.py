"""Timers run in time, apart from each other, while people write, and neither twice nor all at once over restarts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from economy.models import Viewer
from effects.chat import overheard
from effects.models import QueueItem
from joystick.chat import timers
from joystick.models import InboundEvent, Stream, Timer, TimerGroup
from joystick.simulator.happenings import chat

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@contextmanager
def listening() -> Iterator[list[str]]:
    """Collect what is said in chat in the block; it is complete once the block has ended."""
    lines: list[str] = []
    with overheard() as messages:
        yield lines
    lines += [message["words"]["text"] for message in messages]


def made(name: str, *, lines: str = "hello", **fields: Any) -> Timer:
    values = {"every_minutes": 10, "min_lines": 0, "live_only": False, **fields}
    return Timer.objects.create(name=name, lines=lines, **values)


def ran(now: datetime, minutes: float) -> list[tuple[float, str]]:
    """Return (minute, name) of what runs in so many minutes, looked at every ten seconds."""
    found = []
    for tick in range(int(minutes * 6) + 1):
        timer = timers.run_due(now=now + tick * timedelta(seconds=10))
        if timer is not None:
            found.append((tick / 6, timer.name))
    return found


def test_each_comes_after_its_minutes_and_never_two_within_one(now: datetime) -> None:
    made("a", every_minutes=5)
    made("b", every_minutes=5)
    made("off", enabled=False)
    assert ran(now, 12) == [(5, "a"), (6, "b"), (10, "a"), (11, "b")]


def test_two_of_a_group_keep_its_pause(now: datetime) -> None:
    group = TimerGroup.objects.create(name="ads", pause_minutes=4)
    made("a", every_minutes=5, group=group)
    made("b", every_minutes=5, group=group)
    found = ran(now, 40)
    moments = [minute for minute, _ in found]
    assert min(later - earlier for earlier, later in pairwise(moments)) >= 4
    assert {name for _, name in found} == {"a", "b"}


def test_it_waits_for_lines_of_viewers_and_not_of_bots(
    now: datetime, deliver: Callable[..., None], viewer: Callable[..., Viewer], settings: Any
) -> None:
    settings.BOT_USERNAME = "PixelBot"
    made("a", every_minutes=1, min_lines=3)
    assert ran(now, 3) == []
    deliver(*[chat("PixelBot", "by itself")] * 3, chat("Bot2", "x", "bot"), chat("Bob", "one"), chat("Ann", "two"))
    for number in range(3):
        deliver(chat("PixelBot", f"by itself {number}"), chat("Bot2", f"x {number}", "bot"))
    assert ran(now + 4 * MINUTE, 2) == []
    deliver(chat("Bob", "three"))
    assert [name for _, name in ran(now + 7 * MINUTE, 10)] == ["a"]


def test_it_is_silent_while_the_channel_is_not_live(now: datetime) -> None:
    made("a", every_minutes=5, live_only=True)
    assert ran(now, 12) == []
    Stream.objects.create(started_at=now)
    assert ran(now + 12 * MINUTE, 5) == [(3, "a")]


def test_lines_come_in_turn_and_effects_with_them(now: datetime) -> None:
    made("a", lines="one\ntwo {points.name}\nthree", every_minutes=1, effects=[{"kind": "chat_line", "text": "more"}])
    with listening() as said:
        ran(now, 4.5)
    assert [line for line in said if line != "more"] == ["one", "two points", "three", "one"]
    assert QueueItem.objects.filter(kind="chat_line").count() == 4


@pytest.mark.journey
def test_a_week_with_restarts_has_no_double_no_bunch_and_fair_shares(now: datetime) -> None:
    dice = random.Random(5)
    made("tips", lines="1\n2\n3\n4", every_minutes=20, in_turn=False)
    made("links", lines="a\nb", every_minutes=30)
    for number in range(6):
        made(f"other {number}", every_minutes=45 + number)
    end, at = now + timedelta(days=7), now
    moments: list[datetime] = []
    last: dict[str, datetime] = {}
    on = timedelta(0)
    with listening() as said:
        while at < end:
            if dice.random() < 0.002:
                at += timedelta(minutes=dice.uniform(1, 300))  # the bot is off
            step = timedelta(seconds=dice.uniform(10, 55))
            at, on = at + step, on + step
            timer = timers.run_due(now=at)
            if timer is None:
                continue
            assert timer.name not in last or at - last[timer.name] >= timedelta(minutes=timer.every_minutes)
            last[timer.name] = at
            moments.append(at)
    assert all(later - earlier >= timers.GAP for earlier, later in pairwise(moments))
    shares = Counter(line for line in said if line in "1234")
    # Five standard deviations of a fair choice: chance alone exceeds them once in 400,000 runs.
    mean = shares.total() / 4
    spread = 5 * (shares.total() * 1 / 4 * 3 / 4) ** 0.5
    assert set(shares) == set("1234") and all(abs(share - mean) < spread for share in shares.values())
    inturn = [line for line in said if line in "ab"]
    assert inturn == ["a", "b"] * (len(inturn) // 2) + ["a"] * (len(inturn) % 2)
    # Nothing is lost but what was due while the bot was off, and up to a minute or two of waiting for the others.
    for name, minutes in (("links", 30), ("other 5", 50)):
        assert 0.85 < Timer.objects.get(name=name).runs * minutes / (on.total_seconds() / 60) <= 1


@pytest.mark.django_db(transaction=True)
def test_of_many_processes_one_runs_it(now: datetime) -> None:
    for number in range(3):
        made(str(number), every_minutes=1)
    timers.run_due(now=now)

    def look(number: int) -> str:
        found = timers.run_due(now=now + MINUTE)
        connection.close()
        return found.name if found else ""

    with ThreadPoolExecutor(8) as threads:
        names = [name for name in threads.map(look, range(16)) if name]
    assert len(names) == len(set(names))
    assert sum(Timer.objects.values_list("runs", flat=True)) == len(names) >= 1


def test_the_page_refuses_what_can_not_be_and_adds_up_the_lines(admin_client: Client, stage: None) -> None:
    form = {
        "name": "ads",
        "lines": "hello {time}",
        "every_minutes": 20,
        "min_lines": 5,
        "effects": "[]",
        "enabled": "on",
    }
    add = "/admin/joystick/timer/add/"
    for changed, mistake in (
        ({"every_minutes": 0}, "greater than or equal to 1"),
        ({"lines": ""}, "Write a line, or add an effect."),
        ({"lines": "hello {user}"}, "{user} is not filled in here."),
    ):
        assert mistake in admin_client.post(add, {**form, **changed}).text
    admin_client.post(add, form)
    made("b", every_minutes=30)
    assert "Timers: at most 5 lines an hour" in admin_client.get("/admin/joystick/timer/").text
    page = admin_client.post(add, {**form, "name": "c", "_try": "Try"}).text
    assert "say in chat “hello" in page
    with pytest.raises(ValidationError):
        Timer(name="x", lines="a", every_minutes=1441).full_clean()


def test_a_timer_with_other_minutes_is_planned_anew(admin_client: Client, now: datetime) -> None:
    timer = made("a", every_minutes=600, due_at=now + timedelta(minutes=600))
    form = {"name": "a", "lines": "hello", "every_minutes": 600, "min_lines": 0, "effects": "[]", "enabled": "on"}
    page = f"/admin/joystick/timer/{timer.pk}/change/"
    admin_client.post(page, {**form, "lines": "good evening"})
    timer.refresh_from_db()
    assert (timer.lines, timer.due_at) == ("good evening", now + timedelta(minutes=600))
    admin_client.post(page, {**form, "every_minutes": 5})
    timers.run_due(now=now)
    timer.refresh_from_db()
    assert timer.due_at == now + timedelta(minutes=5)


def test_counting_lines_is_bounded(now: datetime, deliver: Callable[..., None]) -> None:
    timer = made("a", min_lines=2)
    deliver(*[chat("Bob", str(number)) for number in range(5)])
    assert timers._lines_since(timer) == 2 and InboundEvent.objects.count() == 5
