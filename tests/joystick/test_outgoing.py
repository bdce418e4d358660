"""What is on its way to chat: in order, at a pace, bounded, never late."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joystick.gateway.outgoing import MAX_WAITING, Action, Outgoing, RateLimit


def line(text: str, *, age: float = 0.0) -> Action:
    return Action("send_message", {"text": text}, "c", time.time() - age)


def mute(message_id: str, *, age: float = 0.0) -> Action:
    return Action("mute_user", {"message_id": message_id}, "c", time.time() - age)


async def take(queue: Outgoing) -> str:
    action = await asyncio.wait_for(queue.peek(), 1)
    queue.remove(action)
    return next(iter(action.arguments.values()))


@pytest.mark.asyncio
async def test_lines_come_in_order_and_stay_until_done() -> None:
    queue = Outgoing()
    queue.add(line("one"))
    queue.add(line("two"))
    assert await queue.peek() is await queue.peek()
    assert [await take(queue), await take(queue)] == ["one", "two"]


@pytest.mark.asyncio
async def test_a_line_older_than_a_minute_is_dropped_with_a_word(caplog: pytest.LogCaptureFixture) -> None:
    queue = Outgoing()
    for action in (line("old", age=61), line("young", age=59)):
        queue.add(action)
    assert await take(queue) == "young"
    assert "too late to say, dropped: send_message old" in caplog.text


@pytest.mark.asyncio
async def test_moderation_waits_longer_but_not_for_ever() -> None:
    queue = Outgoing()
    for action in (mute("forgotten", age=601), mute("late", age=599), line("hello")):
        queue.add(action)
    assert [await take(queue), await take(queue)] == ["late", "hello"]


@pytest.mark.asyncio
async def test_of_too_many_the_oldest_go(caplog: pytest.LogCaptureFixture) -> None:
    queue = Outgoing()
    for number in range(MAX_WAITING + 2):
        queue.add(line(str(number)))
    assert await take(queue) == "2"
    assert caplog.text.count("too much to say, dropped") == 2


@pytest.mark.asyncio
async def test_with_nothing_to_say_it_waits() -> None:
    queue = Outgoing()
    waiting = asyncio.create_task(queue.peek())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    queue.add(line("now"))
    assert (await asyncio.wait_for(waiting, 1)).arguments["text"] == "now"


def test_three_lines_may_follow_each_other_then_one_in_so_many_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    limit, said = RateLimit(2.0), []
    for _ in range(6):
        wait = limit.seconds_until(line("x"))
        clock[0] += wait
        said.append(clock[0] - 1000)
        limit.count(line("x"))
    assert said == [0, 0, 0, 2, 4, 6]
    clock[0] += 60
    assert limit.seconds_until(line("x")) == 0


def test_moderation_does_not_wait_its_turn_nor_use_it_up() -> None:
    limit = RateLimit(100)
    for _ in range(3):
        limit.count(line("x"))
    assert limit.seconds_until(mute("m")) == 0
    limit.count(mute("m"))
    assert 90 < limit.seconds_until(line("x")) <= 100


def test_without_a_limit_nothing_waits() -> None:
    limit = RateLimit(0)
    for _ in range(10):
        limit.count(line("x"))
    assert limit.seconds_until(line("x")) == 0


@given(st.text(min_size=1, max_size=400), st.integers(5, 60))
def test_pieces_of_a_long_text_are_short_and_lose_nothing_but_blanks(text: str, most: int) -> None:
    pieces = [action.arguments["text"] for action in line(text).split(most)]
    assert all(0 < len(piece) <= most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    words = text.split()
    if all(len(word) <= most for word in words):
        assert [word for piece in pieces for word in piece.split()] == words


def test_an_action_that_says_nothing_is_not_split() -> None:
    action = mute("m" * 500)
    assert action.split(50) == [action]


def whisper(text: str) -> Action:
    return Action("send_whisper", {"username": "Bob", "text": text}, "c", time.time())


@pytest.mark.asyncio
async def test_a_whisper_waits_behind_the_lines_before_it() -> None:
    queue = Outgoing()
    for action in (line("aloud"), whisper("psst"), mute("m")):
        queue.add(action)
    assert [await take(queue), await take(queue), await take(queue)] == ["m", "aloud", "Bob"]


@pytest.mark.asyncio
async def test_a_flood_of_lines_drops_no_moderation(caplog: pytest.LogCaptureFixture) -> None:
    queue = Outgoing()
    queue.add(mute("m"))
    for number in range(MAX_WAITING):
        queue.add(line(str(number)))
    assert [await take(queue), await take(queue)] == ["m", "0"]
    assert "dropped" not in caplog.text


@pytest.mark.asyncio
async def test_a_line_that_was_dropped_while_it_was_sent_takes_no_other_with_it() -> None:
    """The socket is slow, and meanwhile so much is added that the line in flight is the oldest of too many."""
    queue = Outgoing()
    queue.add(line("in flight"))
    sent = await queue.peek()
    for number in range(MAX_WAITING):
        queue.add(line(str(number)))
    queue.remove(sent)
    assert await take(queue) == "0"


@pytest.mark.asyncio
async def test_a_line_that_is_not_removed_is_there_for_the_next_session() -> None:
    queue = Outgoing()
    queue.add(line("again"))
    first = await queue.peek()
    assert await take(queue) == "again" == first.arguments["text"]
    waiting = asyncio.create_task(queue.peek())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


@pytest.mark.asyncio
async def test_a_line_that_grew_old_in_the_queue_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, start = Outgoing(), time.time()
    queue.add(Action("send_message", {"text": "question of an hour ago"}, "c", start))
    assert (await queue.peek()).arguments["text"] == "question of an hour ago"
    monkeypatch.setattr(time, "time", lambda: start + 61)
    queue.add(Action("send_message", {"text": "new"}, "c", start + 61))
    assert await take(queue) == "new"


class Clock:
    """A clock that a test moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


def burst(limit: RateLimit) -> int:
    """Say lines until one would have to wait; return how many were said."""
    count = 0
    while limit.seconds_until(line("x")) == 0:
        limit.count(line("x"))
        count += 1
    return count


@pytest.mark.parametrize(("pause", "lines"), [(0, 0), (1.9, 0), (2, 1), (5, 2), (6, 3), (600, 3)])
def test_the_burst_comes_back_by_one_line_for_each_interval_of_quiet(
    monkeypatch: pytest.MonkeyPatch, pause: float, lines: int
) -> None:
    clock = Clock(monkeypatch)
    limit = RateLimit(2.0)
    assert burst(limit) == 3
    clock.now += pause
    assert burst(limit) == lines


def test_the_wait_is_what_is_left_of_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    limit = RateLimit(4.0)
    burst(limit)
    clock.now += 1
    assert limit.seconds_until(line("x")) == 3
    assert limit.seconds_until(line("x")) == 3  # asking costs nothing


def test_whispers_are_limited_like_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)
    limit = RateLimit(2.0)
    for _ in range(3):
        limit.count(whisper("psst"))
    assert limit.seconds_until(line("x")) == limit.seconds_until(whisper("psst")) == 2


def test_each_piece_of_a_long_whisper_goes_to_the_same_viewer_with_the_same_age() -> None:
    long = whisper("word " * 30)
    pieces = long.split(50)
    assert len(pieces) == 3
    assert {(piece.name, piece.arguments["username"], piece.at) for piece in pieces} == {
        ("send_whisper", "Bob", long.at)
    }


def test_a_line_of_nothing_but_blanks_is_not_sent() -> None:
    assert line(" \n ").split(50) == []


def test_a_text_that_just_fits_is_one_line_and_blanks_at_the_cut_are_dropped() -> None:
    assert [piece.arguments["text"] for piece in line("aaaa bbbb").split(9)] == ["aaaa bbbb"]
    assert [piece.arguments["text"] for piece in line("aaaa bbbb").split(8)] == ["aaaa", "bbbb"]
    assert [piece.arguments["text"] for piece in line("aaaa bbbb").split(4)] == ["aaaa", "bbbb"]
