"""Who earns, how often, and how much a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from economy.earning import caps
from economy.earning.pay import Award, Once, pay
from economy.ledger import accounts, audit, recomputing, xp
from economy.models import XP, DailyTotal, LevelReward, Points, Transaction, Viewer
from economy.viewers import people
from effects import tasks
from joystick.settings_table import Rules
from joystick.simulator.happenings import chat, enter, gift, subscribe, tip

pytestmark = pytest.mark.django_db

Make = Callable[..., Viewer]


def balance(name: str) -> int:
    return Points.objects.get(viewer__key=name.casefold()).balance


def test_new_viewers_begin_with_the_start_amount_once(settings: Any, rules: Rules, now: datetime) -> None:
    settings.POINTS_START_AMOUNT = 100
    for _ in range(2):
        pay([Award("Ann", "chat", "1", points=1)], rules=rules, now=now)
    assert balance("ann") == 101
    assert Transaction.objects.filter(source="start").count() == 1
    assert list(audit.findings()) == []


def test_excluded_are_bots_the_streamer_and_the_list_unless_the_streamer_says_otherwise(
    settings: Any, viewer: Make, rules: Rules, now: datetime
) -> None:
    settings.EXCLUDED_USERNAMES = frozenset({"nightbot"})
    rules = replace(rules, excluded_usernames=settings.EXCLUDED_USERNAMES)
    flags: dict[str, dict[str, bool]] = {
        "Ann": {},
        "Bot": {"is_bot": True},
        "Fox": {"is_streamer": True},
        "NightBot": {},
        "Mo": {"excluded": True},
        "Fox2": {"is_streamer": True, "excluded": False},
    }
    for name, told in flags.items():
        Viewer.objects.filter(pk=viewer(name).pk).update(**told)
    pay([Award(name, "tip", name, points=5, xp=5) for name in flags], rules=rules, now=now)
    assert {name: balance(name) for name in flags} == {"Ann": 5, "Bot": 0, "Fox": 0, "NightBot": 0, "Mo": 0, "Fox2": 5}
    assert set(people.ranked().values_list("username", flat=True)) == {"Ann", "Fox2"}


def test_badges_in_chat_are_kept_and_count_at_once(deliver: Callable[..., None]) -> None:
    deliver(chat("Fox", "hello", "streamer"), chat("Robot", "beep", "bot"), chat("Mo", "hi", "mod", "subscriber"))
    flags = ("is_streamer", "is_bot", "is_moderator", "is_subscriber")
    told = {row[0]: row[1:] for row in Viewer.objects.values_list("username", *flags) if row[0] != "Robot"}
    assert told == {"Fox": (True, False, False, False), "Mo": (False, False, True, True)}
    assert (balance("Fox"), balance("Mo")) == (0, 1)
    deliver(chat("Mo", "hi again"))
    assert not Viewer.objects.get(key="mo").is_moderator


def test_a_daily_cap_cuts_what_is_over_it_until_the_next_day(rules: Rules) -> None:
    capped = replace(rules, points_daily_caps={"tip": 12}, xp_daily_caps={"tip": 3})
    noon = timezone.make_aware(datetime(2026, 8, 1, 12))
    for number in range(4):
        pay([Award("Ann", "tip", f"{number}", points=5, xp=2)], rules=capped, now=noon)
    pay([Award("Ann", "raid", "r", points=50)], rules=capped, now=noon)
    assert balance("ann") == 12 + 50
    assert XP.objects.get().total == 3
    pay([Award("Ann", "tip", "next", points=5)], rules=capped, now=noon + timedelta(days=1))
    assert balance("ann") == 67
    assert caps.sweep(now=noon + timedelta(days=1)) == 2 and DailyTotal.objects.count() == 1
    tasks.tidy()  # much later
    assert not DailyTotal.objects.exists()


def test_entering_pays_once_for_each_stream_where_that_is_wanted(rules: Rules, now: datetime) -> None:
    def comes_in(uid: str, stream: str) -> None:
        pay([Award("Ann", "dropin", uid, points=25, once=Once.STREAM)], rules=rules, now=now, streams={"": stream})

    for uid, stream in (("1", "7"), ("2", "7"), ("3", "8"), ("4", "8")):
        comes_in(uid, stream)
    assert balance("ann") == 50


def test_following_pays_once_for_ever_and_a_rename_does_not_change_that(rules: Rules, now: datetime) -> None:
    pay([Award("Ann", "follow", "1", points=50, once=Once.EVER)], rules=rules, now=now)
    Viewer.objects.update(key="anna", username="Anna")
    pay([Award("Anna", "follow", "2", points=50, once=Once.EVER)], rules=rules, now=now + timedelta(days=400))
    assert balance("anna") == 50


def test_a_viewers_own_gift_does_not_pay_twice(rules: Rules, now: datetime) -> None:
    def subscribes(name: str, uid: str, seconds: float) -> None:
        award = Award(name, "sub", uid, points=200, is_held=True)
        pay([award], rules=rules, now=now + timedelta(seconds=seconds))

    pay([Award("Ann", "gift", "g", points=400, holds="sub")], rules=rules, now=now)
    subscribes("Ann", "1", 5)
    subscribes("Bob", "2", 5)
    assert (balance("ann"), balance("bob")) == (400, 200)
    subscribes("Ann", "3", 61)
    assert balance("ann") == 600


def test_rewards_of_every_so_many_levels_are_given_once(rules: Rules, now: datetime) -> None:
    LevelReward.objects.create(level=2, repeats=True, points=10)
    LevelReward.objects.create(level=4, points=100)
    (up,) = pay([Award("Ann", "tip", "1", xp=3000)], rules=rules, now=now)
    assert (up.from_level, up.to_level) == (1, 5)
    assert [(reward.level, reward.points) for reward in up.rewards] == [(2, 10), (4, 10), (4, 100)]
    xp.adjust(up.viewer, -2900, source="test", reference="x")
    (up,) = pay([Award("Ann", "tip", "2", xp=5000)], rules=rules, now=now)
    assert (up.from_level, up.to_level, [reward.level for reward in up.rewards]) == (2, 6, [6])
    assert balance("ann") == 130


def test_levels_are_made_anew_by_a_new_curve_and_nobody_is_rewarded_for_it(
    settings: Any, rules: Rules, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    from django.core.management import call_command

    LevelReward.objects.create(level=1, repeats=True, points=10)
    pay([Award("Ann", "tip", "1", xp=950)], rules=rules, now=now)
    assert (XP.objects.get().level, balance("ann"), recomputing.stale()) == (3, 20, False)
    settings.XP_BASE = 10
    assert recomputing.stale()
    call_command("recompute_levels")
    assert "1 of 1 viewers (100%)" in capsys.readouterr().out
    assert not recomputing.stale() and XP.objects.get().level > 5
    ups = pay([Award("Ann", "tip", "2", xp=1)], rules=replace(rules, xp_base=10), now=now)
    assert ups == [] and balance("ann") == 20


def test_levels_are_made_anew_in_pieces_with_pauses_and_only_those_that_change_are_written(
    settings: Any, rules: Rules, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay([Award(f"Fan{number}", "tip", str(number), xp=number % 2 * 950) for number in range(8)], rules=rules, now=now)
    settings.XP_BASE = 10
    pauses: list[float] = []
    monkeypatch.setattr(recomputing, "PIECE", 3)
    monkeypatch.setattr("time.sleep", pauses.append)
    written: list[Sequence[int]] = []
    change_each = accounts.change_each

    def noted(sql: str, rows: Sequence[Sequence[int]]) -> None:
        written.extend(rows)
        change_each(sql, rows)

    monkeypatch.setattr(xp, "change_each", noted)
    assert list(recomputing.recompute()) == [3, 6, 8]
    assert len(written) == 4 and len(pauses) == 3 and not recomputing.stale()
    with CaptureQueriesContext(connection) as asked:
        list(recomputing.recompute())
    assert not [query for query in asked if not query["sql"].startswith("SELECT")] and len(pauses) == 3


def test_sources_of_happenings_are_capped_by_name(deliver: Callable[..., None], settings: Any) -> None:
    settings.POINTS_DAILY_CAPS = {"dropin": 10, "gift": 100, "sub": 0}
    deliver(enter("Ann"), gift("Ann", 2), subscribe("Bob"))
    assert (balance("ann"), balance("bob")) == (110, 0)


def test_a_bot_that_chats_earns_nothing_from_then_on(deliver: Callable[..., None]) -> None:
    deliver(enter("NiceBot"))
    deliver(chat("NiceBot", "beep", "bot"))
    deliver(tip("NiceBot", 100))
    assert Viewer.objects.get(key="nicebot").is_bot and balance("NiceBot") == 25


def test_what_was_paid_before_uses_up_no_cap(rules: Rules, now: datetime) -> None:
    capped = replace(rules, points_daily_caps={"dropin": 30})
    for uid, stream in (("1", "7"), ("2", "7"), ("3", "7"), ("4", "8")):
        award = Award("Ann", "dropin", uid, points=10, once=Once.STREAM)
        pay([award], rules=capped, now=now, streams={"": stream})
    assert balance("ann") == 20
