"""Handlers decide: called without a database, they answer with what shall come of an event."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from economy.earning.pay import Once
from economy.ledger.rewards import LevelUp, Reward
from economy.models import Viewer
from effects.queue.folding import Shared
from joystick.handlers.chat import on_chat
from joystick.handlers.dropin import on_dropin
from joystick.handlers.follow import on_follow
from joystick.handlers.leave import on_leave
from joystick.handlers.level_up import on_level_up
from joystick.handlers.raid import on_raid
from joystick.handlers.stream import on_stream_ended, on_stream_started
from joystick.handlers.subscription import on_gift, on_resub, on_sub
from joystick.handlers.tip import on_tip
from joystick.handlers.wheel import on_wheel
from joystick.protocol.events import (
    ChatMessage,
    DroppedIn,
    Entered,
    Event,
    Follow,
    GiftedSubscriptions,
    Left,
    Resubscription,
    StreamEnded,
    StreamStarted,
    Subscription,
    Tip,
    WheelSpin,
)
from joystick.registry import NOTHING, Outcome
from joystick.settings_table import Rules


def chat(text: str) -> ChatMessage:
    return ChatMessage(uid="1", kind="new_message", username="Bob", text=text)


def test_on_chat_pays_a_point_and_an_xp_each_with_its_cooldown(rules: Rules) -> None:
    (award,) = on_chat(chat("hello"), rules).awards
    assert (award.points, award.xp, award.points_cooldown, award.xp_cooldown) == (1, 1, 60, 30)


def test_on_chat_leaves_the_command_for_after_paying(rules: Rules) -> None:
    assert on_chat(chat("!points"), rules).after_paying is not None
    assert on_chat(chat("points!"), rules).after_paying is None
    assert on_chat(chat("! nosuchword"), rules).after_paying is None
    assert on_chat(chat("!tip 15"), rules).after_paying is None
    assert on_chat(chat("!pionts"), rules).after_paying is not None


def test_on_chat_ignores_bots_and_ourselves(rules: Rules) -> None:
    bot = on_chat(replace(chat("!points"), is_bot=True), rules)
    assert bot.flags[0][1]["is_bot"] and not bot.awards and not bot.after_paying
    assert on_chat(chat("!points"), replace(rules, bot_username="BOB")) is NOTHING


def test_on_tip_pays_by_the_token(rules: Rules) -> None:
    (award,) = on_tip(Tip(uid="1", kind="tipped", username="Bob", tokens=100), rules).awards
    assert (award.points, award.xp) == (100, 10)


@pytest.mark.parametrize(
    ("tokens", "rate", "points"), [(100, 0.29, 29), (15, 0.1, 1), (9, 0.1, 0), (3, 2.5, 7), (0, 1.0, 0)]
)
def test_tokens_are_worth_what_they_say_rounded_down(tokens: int, rate: float, points: int) -> None:
    assert Rules.worth(tokens, rate) == points


@pytest.mark.parametrize(("tokens", "points"), [(50, 50), (0, 0)])
def test_on_wheel_pays_by_its_own_rate(rules: Rules, tokens: int, points: int) -> None:
    spin = WheelSpin(uid="1", kind="wheel_spin_claimed", username="Bob", tokens=tokens, prize="Silly hat")
    outcome = on_wheel(spin, rules)
    assert (outcome.awards[0].points, outcome.awards[0].source) == (points, "wheel")
    assert on_wheel(spin, replace(rules, points_per_wheel_token=0)).awards[0].points == 0


def test_on_resub_pays_once_whatever_its_numbers(rules: Rules) -> None:
    event = Resubscription(uid="1", kind="resubscribed", username="Bob", how_much=500, how_long=12)
    (award,) = on_resub(event, rules).awards
    assert (award.points, award.xp) == (200, 50)


def test_on_gift_pays_the_giver_for_each(rules: Rules) -> None:
    (award,) = on_gift(GiftedSubscriptions(uid="1", kind="gifted_subscriptions", username="Bob", count=5), rules).awards
    assert (award.username, award.points, award.xp) == ("Bob", 1000, 250)


@pytest.mark.parametrize("viewers", [37, None])
def test_on_raid_pays_the_other_streamer(rules: Rules, viewers: int | None) -> None:
    raid = DroppedIn(uid="1", kind="stream_dropped_in", username="Kettle", viewers=viewers)
    outcome = on_raid(raid, rules)
    assert (outcome.awards[0].username, outcome.awards[0].points) == ("Kettle", 100)


def test_on_stream_started_and_on_stream_ended_leave_the_row_for_after_paying(rules: Rules) -> None:
    assert on_stream_started(StreamStarted(uid="1", kind="stream_started"), rules).after_paying is not None
    assert on_stream_ended(StreamEnded(uid="1", kind="stream_ended"), rules).after_paying is not None


def test_presence_by_what_people_do(rules: Rules) -> None:
    assert on_chat(chat("hi"), rules).present == ("Bob",)
    assert on_dropin(Entered(uid="1", kind="enter_stream", username="Bob"), rules).present == ("Bob",)
    assert on_leave(Left(uid="1", kind="leave_stream", username="Bob"), rules).left == ("Bob",)


def test_on_chat_does_not_answer_whispers(rules: Rules) -> None:
    assert on_chat(replace(chat("!points"), is_public=False), rules) is NOTHING


def test_on_follow_pays_the_viewer_not_the_event(rules: Rules) -> None:
    (award,) = on_follow(Follow(uid="1", kind="followed", username="BoB"), rules).awards
    assert (award.points, award.xp, award.once) == (50, 10, Once.EVER)


def test_on_sub_pays_every_month(rules: Rules) -> None:
    (award,) = on_sub(Subscription(uid="1", kind="subscribed", username="Bob", months=3), rules).awards
    assert (award.points, award.xp) == (600, 150)


def test_on_dropin_pays_at_most_hourly(rules: Rules) -> None:
    (award,) = on_dropin(Entered(uid="1", kind="enter_stream", username="Bob"), rules).awards
    assert (award.points, award.xp, award.points_cooldown, award.xp_cooldown) == (25, 5, 3600, 3600)


def test_on_level_up_speaks_every_reward_that_has_a_line(rules: Rules) -> None:
    rewards = (
        Reward(5, 500, "{user} reached level {level}! {hm}", spoken=True),
        Reward(6, 5, "", spoken=True),
        Reward(7, 0, "seven", spoken=True),
        Reward(8, 0, "eight", spoken=False),
    )
    outcome = on_level_up(LevelUp(Viewer(username="Bob"), 4, 8, rewards), rules)
    assert [
        effect.filled("Bob", {}, 1).payload["text"] for effect in outcome.effects if isinstance(effect, Shared)
    ] == ["Bob reached level 5! {hm}", "seven"]
    assert outcome.lines == ("Bob reached level 5! {hm} (+500 points)", "seven", "eight")


def test_on_level_up_promises_no_points_where_they_are_switched_off(rules: Rules) -> None:
    up = LevelUp(Viewer(username="Bob"), 1, 2, (Reward(2, 100, "{user} reached level {level}!", spoken=True),))
    assert on_level_up(up, replace(rules, points_enabled=False)).lines == ("Bob reached level 2!",)


def test_on_level_up_without_a_reward_is_quiet(rules: Rules) -> None:
    outcome = on_level_up(LevelUp(Viewer(username="Bob"), 1, 2, ()), rules)
    assert (outcome.lines, outcome.effects) == ((), ())


# Every handler that pays, with an event of its kind.
PAYING: list[tuple[Callable[[Any, Rules], Outcome], Event]] = [
    (on_chat, chat("hello")),
    (on_tip, Tip(uid="1", kind="tipped", username="Bob", tokens=25, item="Water break")),
    (on_wheel, WheelSpin(uid="1", kind="wheel_spin_claimed", username="Bob", tokens=50, prize="Hat")),
    (on_follow, Follow(uid="1", kind="followed", username="Bob")),
    (on_sub, Subscription(uid="1", kind="subscribed", username="Bob", months=3)),
    (on_resub, Resubscription(uid="1", kind="resubscribed", username="Bob")),
    (on_gift, GiftedSubscriptions(uid="1", kind="gifted_subscriptions", username="Bob", count=5)),
    (on_raid, DroppedIn(uid="1", kind="stream_dropped_in", username="Bob", viewers=37)),
    (on_dropin, Entered(uid="1", kind="enter_stream", username="Bob")),
]
paying = pytest.mark.parametrize(("handler", "event"), PAYING, ids=[event.kind for _, event in PAYING])


@pytest.fixture
def rules_without_rewards(settings: Any) -> Rules:
    """The rules with the points and XP of every cause set to nothing."""
    names = [field.name for field in fields(Rules) if re.match(r"(points|xp)_per_", field.name)]
    assert len(names) >= 18
    for name in names:
        setattr(settings, name.upper(), 0)
    return Rules.current()


@paying
def test_with_every_reward_off_nobody_is_paid_and_all_else_still_happens(
    handler: Callable[[Any, Rules], Outcome], event: Event, rules: Rules, rules_without_rewards: Rules
) -> None:
    usual, unpaid = handler(event, rules), handler(event, rules_without_rewards)
    assert [award.points + award.xp for award in usual.awards] != [0]
    assert [(award.points, award.xp) for award in unpaid.awards] == [(0, 0)]
    assert replace(unpaid, awards=()) == replace(usual, awards=())


@paying
def test_every_award_names_its_event_its_time_and_its_viewer(
    handler: Callable[[Any, Rules], Outcome], event: Event, rules: Rules
) -> None:
    """They are the cause that pays once: without one of them, the same event pays twice or another not at all."""
    at = datetime(2026, 8, 1, 20, 0, tzinfo=UTC)
    (award,) = handler(replace(event, uid="u-7", occurred_at=at), rules).awards
    assert (award.event, award.at, award.username) == ("u-7", at, "Bob")


def test_no_two_handlers_pay_from_one_source(rules: Rules) -> None:
    sources = [handler(event, rules).awards[0].source for handler, event in PAYING]
    assert sorted(sources) == sorted(set(sources))


def test_who_gives_subscriptions_away_is_not_paid_for_subscribing_too(rules: Rules) -> None:
    gift, sub = on_gift(PAYING[6][1], rules).awards[0], on_sub(PAYING[4][1], rules).awards[0]  # type: ignore[arg-type]
    assert (gift.holds, sub.source, sub.is_held) == ("sub", "sub", True)
    assert (gift.is_held, sub.holds) == (False, "")


def test_badges_come_from_follows_and_subscriptions_too_but_not_from_a_gift(rules: Rules) -> None:
    flags = {event.kind: dict(handler(event, rules).flags) for handler, event in PAYING}
    assert flags["followed"] == {"Bob": {"is_follower": True}}
    assert flags["subscribed"] == flags["resubscribed"] == {"Bob": {"is_subscriber": True}}
    assert flags["gifted_subscriptions"] == flags["tipped"] == {}


def test_every_badge_of_a_line_is_stored_also_those_that_are_gone(rules: Rules) -> None:
    line = replace(chat("hi"), is_moderator=True)
    assert on_chat(line, rules).flags == (
        ("Bob", {"is_bot": False, "is_streamer": False, "is_moderator": True, "is_subscriber": False}),
    )


@pytest.mark.parametrize(("per_stream", "once"), [(True, Once.STREAM), (False, Once.EVENT)])
def test_dropping_in_pays_once_a_stream_where_it_is_set_so(rules: Rules, per_stream: bool, once: Once) -> None:
    entered = Entered(uid="1", kind="enter_stream", username="Bob")
    (award,) = on_dropin(entered, replace(rules, dropin_once_per_stream=per_stream)).awards
    assert award.once is once


def test_the_bot_itself_does_not_drop_in(rules: Rules) -> None:
    entered = Entered(uid="1", kind="enter_stream", username="PixelBot")
    assert on_dropin(entered, replace(rules, bot_username="pixelbot")) is NOTHING
