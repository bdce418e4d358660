"""What is on its way to chat: in order, at a pace, bounded, never late."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effects.chat import Priority
from joystick.gateway.outgoing.actions import Action, Listing, joined, listed, sharing_a_line
from joystick.gateway.outgoing.waiting import LIMITS, MAX_WAITING, MIN_WAITING, Outgoing
from joystick.gateway.pace import TokenBucket

# Seconds between lines at which as few of each kind may wait as at any.
SLOW = 60.0


@pytest.fixture(autouse=True)
def hold_no_greetings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS, "greeting", replace(LIMITS["greeting"], hold=0))


def line(text: str, priority: str = "answer", *, age: float = 0.0) -> Action:
    return Action("send_message", {"text": text}, "c", time.time() - age, priority)


def thanks(
    user: str, tokens: int, *, item: str = "", template: str = "Thank you for {tokens} tokens, {user}!"
) -> Action:
    filling: dict[str, str | int] = {"user": user, "tokens": tokens, "item": item}
    text = template.format(**filling)
    return Action("send_message", {"text": text}, "c", time.time(), "thanks", tokens, template, filling)


def mute(message_id: str, *, age: float = 0.0) -> Action:
    return Action("mute_user", {"message_id": message_id}, "c", time.time() - age)


def take(queue: Outgoing, at_once: int | None = None) -> str:
    assert queue.head() is not None
    return next(iter(queue.take(at_once).arguments.values()))


def take_all(queue: Outgoing, at_once: int | None = 1) -> list[str]:
    return [take(queue, at_once) for _ in iter(lambda: len(queue), 0)]


def test_lines_come_in_order_and_stay_until_done() -> None:
    queue = Outgoing()
    queue.add(line("one"))
    queue.add(line("two"))
    assert queue.head() is queue.head()
    assert [take(queue), take(queue)] == ["one", "two"]


def test_a_line_older_than_a_minute_is_dropped_with_a_word(caplog: pytest.LogCaptureFixture) -> None:
    queue = Outgoing()
    for action in (line("old", age=61), line("young", age=59)):
        queue.add(action)
    assert take(queue) == "young"
    assert "too late to say, dropped: send_message old" in caplog.text


def test_moderation_waits_longer_but_not_for_ever() -> None:
    queue = Outgoing()
    for action in (mute("forgotten", age=601), mute("late", age=599), line("hello")):
        queue.add(action)
    assert [take(queue), take(queue)] == ["late", "hello"]


def test_of_too_many_the_oldest_go(caplog: pytest.LogCaptureFixture) -> None:
    queue = Outgoing(interval=SLOW)
    for number in range(MIN_WAITING + 2):
        queue.add(line(str(number)))
    assert take(queue) == "2"
    assert caplog.text.count("too much to say, dropped") == queue.unsaid == 2


def test_with_nothing_to_say_there_is_no_next_and_nothing_to_wait_for() -> None:
    queue = Outgoing()
    assert queue.head() is None and queue.held_for() is None


def test_three_lines_may_follow_each_other_then_one_in_so_many_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    pace, said = TokenBucket(2.0, 3), []
    for _ in range(6):
        clock.now += pace.seconds_until_next()
        said.append(clock.now - 1000)
        pace.count()
    assert said == [0, 0, 0, 2, 4, 6]
    clock.now += 60
    assert pace.seconds_until_next() == 0


def test_without_a_limit_nothing_waits() -> None:
    pace = TokenBucket(0, 3)
    for _ in range(10):
        pace.count()
    assert pace.seconds_until_next() == 0 and pace.at_once is None


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
    return Action("send_whisper", {"username": "Bob", "text": text}, "c", time.time(), "answer")


def test_a_whisper_waits_behind_the_answers_before_it() -> None:
    queue = Outgoing()
    for action in (line("aloud"), whisper("psst"), mute("m")):
        queue.add(action)
    assert take_all(queue) == ["m", "aloud", "Bob"]


@pytest.mark.parametrize("priority", [priority for priority in LIMITS if priority != "moderation"])
def test_a_flood_of_one_kind_drops_none_of_another(priority: str) -> None:
    queue = Outgoing(interval=SLOW)
    others = [line(other, other) for other in LIMITS if other != priority]
    for other in others:
        queue.add(other)
    for number in range(100):
        queue.add(line(str(number), priority))
    said = take_all(queue, None)
    assert {other.arguments["text"] for other in others} <= set(said)
    assert queue.unsaid == 100 - (len(said) - len(others)) > 0


def test_what_a_broken_socket_did_not_take_is_there_for_the_next_session_in_its_place() -> None:
    queue = Outgoing()
    for text in ("@a 1", "@b 2", "later"):
        queue.add(line(text))
    assert take(queue, 1) == "@a 1 | @b 2"
    queue.add(line("@c 3"))
    queue.put_back()
    assert take_all(queue, None) == ["@a 1", "@b 2", "later", "@c 3"]


def test_a_line_that_grew_old_in_the_queue_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, start = Outgoing(), time.time()
    queue.add(Action("send_message", {"text": "question of an hour ago"}, "c", start, "answer"))
    assert queue.head() is not None
    monkeypatch.setattr(time, "time", lambda: start + 61)
    queue.add(Action("send_message", {"text": "new"}, "c", start + 61, "answer"))
    assert take(queue) == "new"


class Clock:
    """A clock that a test moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


def burst(pace: TokenBucket) -> int:
    """Say lines until one would have to wait; return how many were said."""
    count = 0
    while pace.seconds_until_next() == 0:
        pace.count()
        count += 1
    return count


@pytest.mark.parametrize(("pause", "lines"), [(0, 0), (1.9, 0), (2, 1), (5, 2), (6, 3), (600, 3)])
def test_the_burst_comes_back_by_one_line_for_each_interval_of_quiet(
    monkeypatch: pytest.MonkeyPatch, pause: float, lines: int
) -> None:
    clock = Clock(monkeypatch)
    pace = TokenBucket(2.0, 3)
    assert pace.at_once == 3 == burst(pace)
    clock.now += pause
    assert pace.at_once == lines == burst(pace)


def test_the_wait_is_what_is_left_of_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    pace = TokenBucket(4.0, 3)
    burst(pace)
    clock.now += 1
    assert pace.seconds_until_next() == 3
    assert pace.seconds_until_next() == 3  # asking costs nothing


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


def test_each_kind_of_line_has_its_limits() -> None:
    assert set(LIMITS) == set(Priority)


@pytest.mark.parametrize("priority", list(LIMITS))
def test_each_kind_is_dropped_at_its_own_age(priority: str) -> None:
    queue, age = Outgoing(), LIMITS[priority].age
    queue.add(line("old", priority, age=age + 1))
    queue.add(line("young", priority, age=age - 1))
    assert take_all(queue) == ["young"]
    assert queue.unsaid == 1


def test_as_many_wait_as_can_be_said_before_they_are_too_old() -> None:
    """Without a pause between lines, a raid's hundreds of answers are all said."""
    queue = Outgoing(interval=0)
    for number in range(500):
        queue.add(line(f"@viewer{number} hello"))
    assert len(take_all(queue, None)) == 500
    assert queue.unsaid == 0


def test_whose_turn_it_is_goes_by_patience_so_that_no_kind_waits_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    queue, said = Outgoing(), []
    queue.add(line("chatter", "chatter"))
    queue.add(line("level", "level_up"))
    queue.add(line("thanks", "thanks"))
    for second in range(30):
        clock.now = 1000.0 + second
        queue.add(line(f"answer {second}"))
        said.append(take(queue))
    assert [text for text in said if not text.startswith("answer")] == ["thanks", "level", "chatter"]
    assert said.index("thanks") == 4 and said[0] == "answer 0"


def test_larger_tips_are_thanked_for_first_and_the_smallest_are_left_out() -> None:
    queue = Outgoing(interval=SLOW)
    for number in reversed(range(MIN_WAITING + 3)):
        # Each is for another thing, so that no two can be said as one.
        queue.add(thanks("Bob", 10 + number, item=f"thing {number}", template="{user}: {tokens} for {item}"))
    said = take_all(queue)
    assert [text.split()[1] for text in said] == [str(10 + number) for number in range(MIN_WAITING + 2, 2, -1)]
    assert queue.unsaid == 3


def test_thanks_that_wait_are_said_as_one_by_size_and_nobody_twice() -> None:
    queue = Outgoing()
    for user, tokens in (("Ann", 60), ("Bob", 500), ("Ann", 70), ("Cid", 100)):
        queue.add(thanks(user, tokens))
    assert take_all(queue) == ["Thank you for 730 tokens, Bob, Ann and Cid!"]


def test_thanks_for_different_things_stay_apart() -> None:
    queue = Outgoing()
    for item in ("Hat", "Water", "Hat"):
        queue.add(thanks("Ann", 5, item=item, template="{user}: {item}"))
    assert sorted(take_all(queue)) == ["Ann: Hat", "Ann: Water"]


def test_as_long_as_lines_need_not_wait_each_is_said_by_itself() -> None:
    queue = Outgoing()
    queue.add(thanks("Ann", 5))
    queue.add(thanks("Bob", 5))
    assert take_all(queue, 2) == ["Thank you for 5 tokens, Ann!", "Thank you for 5 tokens, Bob!"]


def test_hundreds_of_alike_lines_become_one_that_counts_who_has_no_room() -> None:
    queue = Outgoing(interval=SLOW)
    for number in range(300):
        queue.add(thanks(f"Viewer{number}", number + 1))
    (text,) = take_all(queue)
    assert text.startswith(f"Thank you for {sum(range(301))} tokens, Viewer299, Viewer298, ")
    assert text.endswith(" and 290 more!")
    assert queue.unsaid == 0


def test_a_line_for_many_names_so_many_as_fit() -> None:
    queue = Outgoing(max_chars=60)
    for number in range(10):
        queue.add(thanks(f"Viewer{number}", 1))
    assert take_all(queue) == ["Thank you for 10 tokens, Viewer0, Viewer1 and 8 more!"]


@pytest.mark.parametrize(("named", "text"), [(3, "a, b and c"), (2, "a, b and 1 more"), (1, "a and 2 more")])
def test_names_are_listed_as_people_do(named: int, text: str) -> None:
    assert listed(["a", "b", "c"], named, Listing()) == text
    assert listed(["a"], 1, Listing()) == "a"


@given(st.lists(st.text("ab @|", min_size=1, max_size=30), min_size=1, max_size=12))
def test_answers_that_share_a_line_fit_into_it_and_keep_their_order(texts: list[str]) -> None:
    answers = [line(f"@{text}") for text in texts]
    shared = sharing_a_line(answers, most=60)
    assert len(shared) >= 1 and shared == answers[: len(shared)]
    assert len(joined(shared).arguments["text"]) <= 60
    rest = answers[len(shared) :]
    assert not rest or len(joined([*shared, rest[0]]).arguments["text"]) > 60


def test_answers_share_a_line_with_no_other_line() -> None:
    queue = Outgoing()
    for action in (line("@a 1"), line("@b 2"), line("from staff"), line("@c 3"), whisper("@d 4"), line("@e 5")):
        queue.add(action)
    assert take_all(queue) == ["@a 1 | @b 2", "from staff", "@c 3", "Bob", "@e 5"]


def test_who_gets_the_same_answer_is_named_before_it() -> None:
    queue = Outgoing(max_chars=80)
    for text in ("@a you have 5 points.", "@b the queue is full.", "@c the queue is full.", "@b the queue is full."):
        queue.add(line(text))
    for _ in range(2):
        queue.add(replace(line("@a done."), kind="result"))
    assert take_all(queue) == ["@a you have 5 points. | @b @c the queue is full. | @a @a done."]


def test_answers_of_two_channels_share_no_line() -> None:
    here, there = line("@a 1"), replace(line("@b 2"), channel_id="d")
    assert sharing_a_line([here, there], most=500) == [here]


def test_before_a_stop_answers_and_moderation_are_kept() -> None:
    queue = Outgoing()
    for priority in LIMITS:
        queue.add(line(priority, priority))
    queue.keep_answers()
    assert take_all(queue) == ["moderation", "answer"]
    assert queue.unsaid == 4


def test_without_a_pause_between_lines_memory_is_bounded_all_the_same() -> None:
    queue = Outgoing(interval=0)
    for number in range(MAX_WAITING + 5):
        queue.add(line(f"@viewer{number} hello"))
    assert (len(queue), queue.unsaid) == (MAX_WAITING, 5)


def test_greetings_wait_for_others_and_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS, "greeting", replace(LIMITS["greeting"], hold=10))
    clock = Clock(monkeypatch)
    queue, template = Outgoing(), "Hello {user}!"
    for user in ("Ann", "Bob"):
        filling: dict[str, str | int] = {"user": user}
        text = template.format(**filling)
        queue.add(Action("send_message", {"text": text}, "c", time.time(), "greeting", 0, template, filling))
    clock.now += 9
    assert queue.head() is None and queue.held_for() == 1
    queue.add(line("an answer"))
    assert take(queue, 3) == "an answer"  # nothing waits for them
    clock.now += 1
    assert take(queue, 3) == "Hello Ann and Bob!"
    assert len(queue) == 0
