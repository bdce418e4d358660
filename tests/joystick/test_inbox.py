"""The inbox: stored and acted on once, a bad event harms only itself."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from economy.models import XP, Cooldown, LevelReward, Points, Transaction, Viewer, XPTransaction
from economy.viewers import presence
from effects.models import QueueItem, State
from joystick.handlers.tip import on_tip
from joystick.inbox import receive
from joystick.models import InboundEvent, InboundState, Install, Stream
from joystick.protocol.events import Tip
from joystick.protocol.frames import ReceivedFrame, error_event, read_frame
from joystick.reactions import rules
from joystick.registry import Outcome, _handlers
from joystick.simulator.happenings import (
    Happening,
    chat,
    ended,
    enter,
    follow,
    leave,
    spin,
    started,
    subscribe,
    tip,
    viewer_count,
)
from pixelbot_site.kit.live import Live
from tests.conftest import frame_text
from tests.threads import at_once

pytestmark = pytest.mark.django_db

Deliver = Callable[..., None]


def owns(username: str) -> tuple[int, int]:
    """(points, XP) of a viewer."""
    return (
        Points.objects.get(viewer__key=username.casefold()).balance,
        XP.objects.get(viewer__key=username.casefold()).total,
    )


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(
    ("happening", "points", "xp"),
    [
        (chat("Bob", "hi"), 1, 1),
        (tip("Bob", 120), 120, 12),
        (follow("Bob"), 50, 10),
        (subscribe("Bob", 2), 400, 100),
        (enter("Bob"), 25, 5),
    ],
    ids=lambda value: value.kind if isinstance(value, Happening) else "",
)
def test_each_event_pays_what_it_should(
    deliver: Deliver, version: str, happening: Happening, points: int, xp: int
) -> None:
    deliver(happening, version=version)
    assert owns("bob") == (points, xp)
    row = InboundEvent.objects.get()
    assert (row.uid, row.kind, row.username, row.state) == (happening.uid, happening.kind, "Bob", "handled")
    assert json.loads(row.raw)["message"]


def test_events_that_pay_nobody_are_stored(deliver: Deliver) -> None:
    deliver(leave("Bob"), viewer_count(7), Happening("lantern_festival_opened", "Bob", "!"))
    assert InboundEvent.objects.filter(state=InboundState.HANDLED).count() == 3
    assert not Transaction.objects.exists()


def test_overlays_hear_of_everything_but_whispers_and_complaints(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        "effects.overlays.messages.group_send",
        lambda group, message: told.extend(event["kind"] for event in message["frame"]["events"]),
    )
    whisper = chat("Bob", "psst").message("v2")
    whisper["data"]["visibility"] = "private"
    batch = [
        read_frame(json.dumps({"message": whisper})),
        error_event("no", raw="{}", last_action="send_whisper Bob secret"),
        read_frame(frame_text(tip("Bob", 5))),
    ]
    with django_capture_on_commit_callbacks(execute=True):
        receive.receive([received for received in batch if isinstance(received, ReceivedFrame)])
    assert told == ["tipped"]
    assert InboundEvent.objects.count() == 3


def test_bob_reaches_level_five(deliver: Deliver, said: list[str], django_capture_on_commit_callbacks: Any) -> None:
    """Ten XP short of level 5, he tips 100 tokens: points, XP, level, reward, and a line to be spoken."""
    LevelReward.objects.create(level=5, points=500)
    deliver(enter("Bob"))
    XP.objects.update(total=2382 - 10, level=4)
    Points.objects.update(balance=0)
    before = Transaction.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        deliver(tip("Bob", 100))
    assert owns("bob") == (600, 2382)
    assert XP.objects.get().level == 5
    rows = Transaction.objects.order_by("id").values_list("delta", "source")[before:]
    assert list(rows) == [(100, "tip"), (500, "level")]
    item = QueueItem.objects.get()
    assert (item.lane, item.payload, item.state) == (
        "tts",
        {"text": "Bob reached level 5!", "source": "level"},
        State.PENDING,
    )
    assert said == ["Bob reached level 5! (+500 points)"]


def test_the_same_frame_twice_pays_once(deliver: Deliver) -> None:
    event = tip("Bob", 10)
    deliver(event, event)
    deliver(event)
    assert owns("bob") == (10, 1)
    assert InboundEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_frame_from_eight_threads_at_once_pays_once(
    deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    for batch in ([tip("Bob", 10) for _ in range(number)] for number in (5, 1, 1, 1, 1, 1)):
        assert at_once(8, lambda _, batch=batch: deliver(*batch)) == [None] * 8  # type: ignore[misc]
    assert owns("bob") == (100, 10)
    assert InboundEvent.objects.count() == 10
    assert not InboundEvent.objects.exclude(state=InboundState.HANDLED).exists()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []  # harmless, so in silence


@pytest.mark.parametrize(("commands_earn", "earned"), [(False, 0), (True, 1)])
def test_a_command_sees_what_was_earned_before_it_and_earns_only_where_the_setting_says_so(
    deliver: Deliver,
    said: list[str],
    settings: Any,
    django_capture_on_commit_callbacks: Any,
    commands_earn: bool,
    earned: int,
) -> None:
    settings.COMMANDS_EARN = commands_earn
    with django_capture_on_commit_callbacks(execute=True):
        deliver(tip("Bob", 7), chat("Bob", "!points"), tip("Bob", 5), chat("Ann", "!so Bob"), chat("Cat", "!otherbot"))
    assert said == [f"@Bob you have {7 + earned} points."]
    assert owns("bob")[0] == 12 + earned
    assert sum(Transaction.objects.filter(source="chat").values_list("delta", flat=True)) == 3 * earned


def test_what_cannot_be_read_is_stored_with_the_reason(deliver: Deliver) -> None:
    for text in (
        "{broken",
        '{"message": {"type": "tipped", "id": "1", "data": {"who": "Bob", "how_much": "a lot\\u0000"}}}',
    ):
        received = read_frame(text)
        assert isinstance(received, ReceivedFrame)
        receive.receive([received])
    broken, tipped = InboundEvent.objects.order_by("id")
    assert (broken.state, broken.raw) == (InboundState.UNREADABLE, "{broken")
    assert "not JSON" in broken.error
    assert "how_much" in tipped.error


def test_channels_heard_from_are_remembered(deliver: Deliver) -> None:
    deliver(tip("Bob", 1))
    assert Install.objects.get().username == ""
    deliver(chat("Bob", "hi"))
    install = Install.objects.get()
    assert install.username == "HarbourFox"
    assert install.last_event_at is not None and timezone.now() - install.last_event_at < timedelta(minutes=1)


@pytest.fixture
def fragile_tips(monkeypatch: pytest.MonkeyPatch) -> dict[str, Exception]:
    """A handler of tips that raises for the viewers named in it."""
    trouble: dict[str, Exception] = {}

    def fragile(event: Tip, rules: Any) -> Any:
        if event.username in trouble:
            raise trouble[event.username]
        return on_tip(event, rules)

    monkeypatch.setitem(_handlers, Tip, [fragile])
    return trouble


def test_a_bad_event_harms_only_itself(deliver: Deliver, fragile_tips: dict[str, Exception]) -> None:
    fragile_tips["Eve"] = ZeroDivisionError("oops")
    deliver(tip("Ann", 1), tip("Eve", 2), tip("Bob", 3))
    assert (owns("ann")[0], owns("bob")[0]) == (1, 3)
    failed = InboundEvent.objects.get(state=InboundState.FAILED)
    assert failed.username == "Eve"
    assert "ZeroDivisionError: oops" in failed.error
    assert not Transaction.objects.filter(viewer__key="eve").exists()


def test_a_poisonous_event_is_stored_in_the_simplest_form(deliver: Deliver) -> None:
    poison = Happening("tipped", "Bob", data={"how_much": 5}).message("v2") | {
        "occurred_at": "0001-01-01T00:00:00+14:00"
    }
    long_name = Happening("AbC" * 40, "Bob").message("v2")
    batch = [read_frame(json.dumps({"message": message})) for message in (poison, long_name)]
    receive.receive([received for received in batch if isinstance(received, ReceivedFrame)])
    assert InboundEvent.objects.filter(state=InboundState.HANDLED).count() == 2
    assert owns("bob")[0] == 5


def test_what_a_level_up_earns_is_paid_too(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    from economy.earning.pay import Award
    from economy.ledger.rewards import LevelUp

    bonus = Award("Bob", "party", "party:1", points=7)
    monkeypatch.setitem(_handlers, LevelUp, [lambda up, rules: Outcome(awards=(bonus,))])
    deliver(tip("Bob", 1000))
    assert owns("bob")[0] == 1007


def test_a_failed_event_can_be_handled_again_once(deliver: Deliver, fragile_tips: dict[str, Exception]) -> None:
    fragile_tips["Eve"] = ZeroDivisionError("oops")
    deliver(tip("Eve", 2))
    assert receive.retry_failed(list(InboundEvent.objects.all())) == 0
    assert InboundEvent.objects.get().state == InboundState.FAILED
    fragile_tips.clear()
    rows = list(InboundEvent.objects.all())
    assert receive.retry_failed(rows) == 1
    assert receive.retry_failed(rows) == 1  # it is handled; nothing more happens
    assert owns("eve") == (2, 0)


def test_a_database_in_trouble_is_no_events_fault(deliver: Deliver, fragile_tips: dict[str, Exception]) -> None:
    fragile_tips["Eve"] = OperationalError("database is locked")
    event = tip("Eve", 2)
    with pytest.raises(OperationalError):
        deliver(tip("Ann", 1), event)
    assert not InboundEvent.objects.exists()
    assert not Transaction.objects.exists()
    assert not Cooldown.objects.exists()
    fragile_tips.clear()
    deliver(event)
    assert owns("eve") == (2, 0)


def test_one_bad_event_of_many_fails_alone(deliver: Deliver, fragile_tips: dict[str, Exception]) -> None:
    fragile_tips["Eve"] = ZeroDivisionError("oops")
    deliver(*(tip("Ann", 1) for _ in range(20)), tip("Eve", 2), *(tip("Bob", 1) for _ in range(30)))
    assert [row.username for row in InboundEvent.objects.filter(state=InboundState.FAILED)] == ["Eve"]
    assert (owns("ann")[0], owns("bob")[0]) == (20, 30)


@pytest.mark.django_db(transaction=True)
def test_a_burst_opens_no_savepoint(deliver: Deliver) -> None:
    """SQLite would copy each page that it then changes: in a database of millions, half as long again."""
    deliver(tip("Ann", 1))  # the first of a channel makes its row
    with CaptureQueriesContext(connection) as caught:
        deliver(*(tip(f"viewer{number}", 5) for number in range(20)))
    assert not [query["sql"] for query in caught if "SAVEPOINT" in query["sql"]]


def test_who_goes_on_talking_is_seen_once_a_minute(deliver: Deliver) -> None:
    deliver(chat("Bob", "hi"))
    bob = Viewer.objects.get()
    deliver(chat("Bob", "still here"))
    assert Viewer.objects.get().last_seen_at == bob.last_seen_at
    long_ago = timezone.now() - timedelta(minutes=2)
    Viewer.objects.update(last_seen_at=long_ago)
    deliver(chat("Bob", "back"))
    assert Viewer.objects.get().last_seen_at > long_ago


def test_a_burst_costs_a_few_statements(django_assert_max_num_queries: Any) -> None:
    lines = [read_frame(frame_text(chat(f"viewer{n % 40}", "hello"))) for n in range(200)]
    with django_assert_max_num_queries(32):
        receive.receive([line for line in lines if isinstance(line, ReceivedFrame)])
    assert InboundEvent.objects.count() == 200
    assert XPTransaction.objects.count() == 40


def test_a_reply_takes_few_statements(
    deliver: Deliver, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(tip("Bob", 7), chat("Bob", "!points"))
    Cooldown.objects.all().delete()
    monkeypatch.setattr(rules, "stored", Live(rules.read()))  # read once a second, not for each batch
    with django_assert_max_num_queries(10 if connection.vendor == "sqlite" else 11):  # PostgreSQL takes its turn
        deliver(chat("Bob", "!points"))


@pytest.mark.usefixtures("stage")
def test_points_are_money_even_where_a_purchase_and_awards_share_a_batch(
    deliver: Deliver, said: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    from redeems import purchase

    purchase.seed()
    with django_capture_on_commit_callbacks(execute=True):
        deliver(chat("Bob", "!tts too early"), tip("Bob", 30), chat("Bob", "!tts now it works"), tip("Bob", 1))
    assert said == [
        "@Bob you need 25 more points (you have 0).",
        "@Bob done, it is in the queue. 5 points left.",
    ]
    assert owns("bob")[0] == 6
    assert Transaction.objects.get(kind="spend").purchase.items.get().title == "now it works"


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The viewers whose tips the handler was called for, in order; calls of batches that were rolled back included."""
    calls: list[str] = []

    def recording(event: Any, rules: Any) -> Outcome:
        calls.append(event.username)
        if event.username.startswith("Eve"):
            raise ZeroDivisionError(event.username)
        return on_tip(event, rules)

    monkeypatch.setitem(_handlers, Tip, [recording])
    return calls


def test_a_failing_batch_is_halved_until_only_the_bad_event_fails(deliver: Deliver, handled: list[str]) -> None:
    deliver(*(tip(name, 1) for name in ("A", "B", "C", "D", "Eve", "F", "G", "H")))
    assert "".join(handled).replace("Eve", "e") == "ABCDe" + "ABCD" + "e" + "e" + "e" + "F" + "GH"
    assert [row.username for row in InboundEvent.objects.filter(state=InboundState.FAILED)] == ["Eve"]


@pytest.mark.parametrize("bad", [{0}, {6}, {0, 6}, {2, 3}, set(range(7))], ids=str)
def test_around_bad_events_the_order_stays(deliver: Deliver, handled: list[str], bad: set[int]) -> None:
    names = [f"Eve{number}" if number in bad else f"viewer{number}" for number in range(7)]
    deliver(*(tip(name, 1) for name in names))
    assert list(InboundEvent.objects.order_by("id").values_list("username", flat=True)) == names
    failed = set(InboundEvent.objects.filter(state=InboundState.FAILED).values_list("username", flat=True))
    assert failed == {name for name in names if name.startswith("Eve")}
    paid = list(Transaction.objects.order_by("id").values_list("viewer__username", flat=True))
    assert paid == [name for name in names if not name.startswith("Eve")]


def test_lines_of_a_batch_that_was_rolled_back_are_not_said_twice(
    deliver: Deliver, handled: list[str], said: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        deliver(tip("Bob", 5), chat("Bob", "!points"), tip("Eve", 1))
    assert said == ["@Bob you have 5 points."]


def test_an_error_of_a_failed_event_names_the_line_that_raised(deliver: Deliver, handled: list[str]) -> None:
    deliver(tip("Eve", 1))
    failed = InboundEvent.objects.get()
    assert failed.error.startswith("Traceback") and "in recording" in failed.error
    assert json.loads(failed.raw)["message"]["data"]["who"] == "Eve"


def test_awards_are_paid_in_the_order_of_the_events(deliver: Deliver) -> None:
    deliver(tip("Bob", 1), follow("Ann"), tip("Ann", 2), chat("Bob", "hi"), tip("Bob", 3))
    rows = Transaction.objects.order_by("id").values_list("viewer__key", "delta", "source")
    assert list(rows) == [
        ("bob", 1, "tip"),
        ("ann", 50, "follow"),
        ("ann", 2, "tip"),
        ("bob", 1, "chat"),
        ("bob", 3, "tip"),
    ]


@pytest.mark.parametrize(
    ("happenings", "is_here"),
    [
        ((enter("Bob"),), True),
        ((enter("Bob"), leave("Bob")), False),
        ((enter("Bob"), leave("Bob"), enter("Bob")), True),
        ((leave("Bob"), chat("Bob", "still here")), True),
        ((chat("Bob", "bye"), leave("Bob")), False),
        ((leave("Bob"),), False),
        ((tip("Bob", 5),), False),
    ],
    ids=["enters", "leaves", "comes back", "writes", "writes and leaves", "only leaves", "tips"],
)
def test_the_last_sign_in_a_batch_says_who_is_here(
    deliver: Deliver, happenings: tuple[Happening, ...], is_here: bool
) -> None:
    deliver(*(replace(happening, uid=f"e-{number}") for number, happening in enumerate(happenings)))
    assert [viewer.username for viewer in presence.present(now=timezone.now())] == (["Bob"] if is_here else [])


def test_badges_told_in_one_batch_add_up_and_the_later_one_of_a_name_stays(deliver: Deliver) -> None:
    deliver(chat("Bob", "hi", "mod", "subscriber"), follow("Bob"), chat("Bob", "hi", "subscriber"))
    bob = Viewer.objects.get()
    assert (bob.is_moderator, bob.is_subscriber, bob.is_follower) == (False, True, True)


def test_who_turns_out_to_be_a_bot_earns_nothing_in_the_whole_batch(deliver: Deliver) -> None:
    deliver(tip("Robot", 50), enter("Robot"), chat("Robot", "beep", "bot"), chat("Bob", "hi"))
    assert Viewer.objects.get(key="robot").is_bot
    assert set(Transaction.objects.values_list("viewer__key", flat=True)) == {"bob"}


def test_a_bot_that_only_talks_is_no_viewer(deliver: Deliver) -> None:
    deliver(chat("Robot", "beep", "bot"), chat("Robot", "!points", "bot"))
    assert not Viewer.objects.exists()


def test_a_badge_of_an_earlier_batch_goes_with_the_next_line(deliver: Deliver) -> None:
    deliver(chat("Bob", "hi", "mod"))
    deliver(chat("Bob", "hi"))
    assert not Viewer.objects.get().is_moderator


@pytest.fixture
def dropins_once_per_stream(settings: Any) -> None:
    settings.DROPIN_ONCE_PER_STREAM = True
    settings.DROPIN_COOLDOWN_SECONDS = 0


@pytest.mark.usefixtures("dropins_once_per_stream")
def test_dropping_in_pays_once_in_the_stream_that_is_on_and_again_in_the_next(deliver: Deliver) -> None:
    deliver(started())
    deliver(enter("Bob"), enter("Bob"))
    deliver(enter("Bob"))
    assert owns("bob") == (25, 5)
    deliver(ended())
    Stream.objects.update(started_at=timezone.now() - timedelta(hours=3), ended_at=timezone.now() - timedelta(hours=1))
    deliver(started(), enter("Bob"))
    assert owns("bob") == (50, 10)


@pytest.mark.usefixtures("dropins_once_per_stream")
def test_dropping_in_pays_while_no_stream_is_known(deliver: Deliver) -> None:
    """The bot was started in the middle of a stream, say: then each event pays, as far as the cooldown lets it."""
    assert not Stream.objects.exists()
    deliver(enter("Bob"))
    deliver(enter("Bob"), enter("Ann"))
    assert (owns("bob"), owns("ann")) == ((50, 10), (25, 5))


def test_while_no_stream_is_known_the_cooldown_of_dropping_in_holds(deliver: Deliver, settings: Any) -> None:
    settings.DROPIN_ONCE_PER_STREAM = True
    deliver(enter("Bob"))
    deliver(enter("Bob"))
    assert owns("bob") == (25, 5)


def test_a_failed_row_whose_frame_cannot_be_read_becomes_one_that_was_not_understood(deliver: Deliver) -> None:
    InboundEvent.objects.create(
        uid="1", kind="tipped", state=InboundState.FAILED, raw="{broken", received_at=timezone.now()
    )
    assert receive.retry_failed(list(InboundEvent.objects.all())) == 0
    row = InboundEvent.objects.get()
    assert (row.state, row.raw) == (InboundState.UNREADABLE, "{broken")


def test_an_empty_batch_is_nothing(deliver: Deliver) -> None:
    deliver()
    assert not InboundEvent.objects.exists()


def test_a_huge_frame_is_stored_cut(deliver: Deliver) -> None:
    deliver(replace(tip("Bob", 5), data={"how_much": 5, "note": "x" * 200_000}))
    assert len(InboundEvent.objects.get().raw) == receive.MAX_RAW_CHARS
    assert owns("bob")[0] == 5


def test_overlays_get_an_events_amounts_and_no_more_text_than_fits(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any, deliver: Deliver
) -> None:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "effects.overlays.messages.group_send", lambda group, message: shown.extend(message["frame"]["events"])
    )
    with django_capture_on_commit_callbacks(execute=True):
        deliver(tip("Bob", 0, "Song"), chat("Bob", "x" * 1000), spin("Bob", 50, "Hat"))
    tipped, line, wheel = shown
    assert (tipped["tokens"], tipped["item"]) == (0, "Song")
    assert len(line["text"]) == receive.MAX_SHOWN_CHARS and "tokens" not in line
    assert (wheel["tokens"], wheel["prize"]) == (50, "Hat") and "item" not in wheel


def test_badges_of_one_viewer_spelled_two_ways_in_a_batch_are_all_kept(deliver: Callable[..., None]) -> None:
    deliver(follow("BOB"), chat("Bob", "hello", "subscriber"))
    bob = Viewer.objects.get(key="bob")
    assert (bob.is_follower, bob.is_subscriber) == (True, True)
