"""Which listener holds the line, what it may store, and the gaps in what was heard."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from joystick.channel import health
from joystick.channel.health import LeaseLost
from joystick.models import Connection, Gap

pytestmark = pytest.mark.django_db


def let_the_lease_end() -> None:
    Connection.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_one_listener_at_a_time_holds_the_lease() -> None:
    assert health.take_lease("one")
    assert not health.take_lease("two")
    assert Connection.objects.get().holder == "one"


def test_the_holder_renews_its_own_lease() -> None:
    health.take_lease("one")
    Connection.objects.update(lease_until=timezone.now() + timedelta(seconds=2))
    assert health.take_lease("one")
    assert Connection.objects.get().lease_until > timezone.now() + health.LEASE / 2


def test_a_listener_that_was_only_slow_gets_its_ended_lease_back() -> None:
    health.take_lease("one")
    let_the_lease_end()
    assert health.take_lease("one")


def test_a_dead_listeners_lease_goes_to_the_next_one_and_stays_there() -> None:
    health.take_lease("dead")
    let_the_lease_end()
    assert health.take_lease("two")
    assert not health.take_lease("dead")
    assert Connection.objects.get().holder == "two"


def test_a_holder_notices_in_its_transaction_that_another_took_its_lease() -> None:
    number = health.take_lease("one")
    let_the_lease_end()
    health.require_lease("one", number)  # it has ended, and nobody took it
    health.renew_lease("one", number)
    let_the_lease_end()
    assert health.take_lease("two") == number + 1
    assert not health.holds_lease("one", number)
    for notice in (health.require_lease, health.renew_lease):
        with pytest.raises(LeaseLost, match="another listener took the line"):
            notice("one", number)
    # Nor is it fooled where the other one has its name, as the next process of a container may.
    let_the_lease_end()
    later = health.take_lease("one")
    with pytest.raises(LeaseLost):
        health.require_lease("one", number)
    health.require_lease("one", later)


def test_a_lease_given_back_is_free_at_once() -> None:
    health.take_lease("one")
    health.release_lease("one")
    assert health.take_lease("two")


def test_nobody_gives_back_the_lease_of_another_listener() -> None:
    health.take_lease("one")
    health.release_lease("two")
    assert not health.take_lease("two")


def test_a_listener_without_the_lease_stores_neither_state_nor_frames() -> None:
    health.take_lease("one")
    health.set_state("one", "connected")
    health.set_state("two", "waiting", "not my line")
    health.set_last_frame("two", timezone.now())
    row = Connection.objects.get()
    assert (row.state, row.detail, row.last_frame_at) == ("connected", "", None)


def test_before_the_first_frame_the_time_of_the_last_one_stays() -> None:
    """A bot that restarts has heard nothing yet: what is stored is where its gap begins."""
    health.take_lease("one")
    heard = timezone.now() - timedelta(hours=1)
    health.set_last_frame("one", heard)
    health.set_last_frame("one", None)
    assert Connection.objects.get().last_frame_at == heard


def test_a_reason_that_is_too_long_for_its_column_is_cut() -> None:
    health.take_lease("one")
    health.set_state("one", "connected")
    health.open_gap("one", "x" * 1000, timezone.now())
    health.set_state("one", "waiting", "y" * 1000)
    assert Gap.objects.get().reason == "x" * 300
    assert Connection.objects.get().detail == "y" * 300


def test_a_gap_opens_when_a_session_ends_and_not_for_each_failed_attempt() -> None:
    health.take_lease("one")
    heard = timezone.now() - timedelta(seconds=5)
    health.set_state("one", "connected")
    health.open_gap("one", "first", heard)
    health.open_gap("one", "second", heard)
    assert [(gap.reason, gap.began_at) for gap in Gap.objects.all()] == [("first", heard)]
    health.close_gap()
    health.set_state("one", "waiting")
    health.open_gap("one", "still not connected", heard)
    assert Gap.objects.count() == 1


def test_a_session_that_heard_nothing_leaves_no_gap() -> None:
    health.take_lease("one")
    health.set_state("one", "connected")
    health.open_gap("one", "ended", None)
    assert not Gap.objects.exists()


def test_a_first_start_has_no_gap() -> None:
    health.open_gap_at_start()
    health.take_lease("one")
    health.open_gap_at_start()
    assert not Gap.objects.exists()


def test_a_gap_that_is_open_is_not_opened_again_at_a_start() -> None:
    """The bot was stopped while it was not connected: both belong to one gap, with the earlier reason."""
    heard = timezone.now() - timedelta(hours=2)
    Connection.objects.create(state="off", last_frame_at=heard)
    Gap.objects.create(began_at=heard, reason="OSError")
    health.open_gap_at_start()
    assert Gap.objects.get().reason == "OSError"


def test_a_gap_keeps_its_end_when_the_next_session_is_confirmed() -> None:
    ended = timezone.now() - timedelta(hours=1)
    Gap.objects.create(began_at=ended - timedelta(minutes=1), ended_at=ended)
    health.close_gap()
    assert Gap.objects.get().ended_at == ended


def test_reconnects_today_count_neither_yesterdays_nor_the_bots_own_pauses() -> None:
    now = timezone.localtime().replace(hour=12)
    for ended, reason in (
        (now - timedelta(hours=1), "server_restart"),
        (now - timedelta(hours=13), "server_restart"),
        (now - timedelta(hours=1), health.NOT_RUNNING),
        (None, "server_restart"),
    ):
        Gap.objects.create(began_at=now - timedelta(hours=14), ended_at=ended, reason=reason)
    assert health.reconnects_today(now=now) == 1


def test_the_age_of_the_last_frame_is_unknown_before_the_first() -> None:
    now = timezone.now()
    assert health.health(now=now).age is None
    Connection.objects.create(state="connected", last_frame_at=now - timedelta(seconds=7))
    assert health.health(now=now).age == 7
