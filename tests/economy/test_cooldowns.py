"""Cooldowns."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from economy import cooldowns
from economy.models import Cooldown

pytestmark = pytest.mark.django_db


def test_a_cooldown_is_free_then_taken_then_free_again(now: datetime) -> None:
    assert cooldowns.take({"a": 10}, now=now) == {"a"}
    assert cooldowns.take({"a": 10}, now=now + timedelta(seconds=9.9)) == set()
    assert cooldowns.take({"a": 10}, now=now + timedelta(seconds=10)) == {"a"}


def test_one_that_is_held_does_not_hold_the_others(now: datetime) -> None:
    cooldowns.take({"a": 10}, now=now)
    assert cooldowns.take({"a": 10, "b": 10, "c": 0}, now=now) == {"b", "c"}


def test_the_seconds_left_are_rounded_up(now: datetime) -> None:
    cooldowns.take({"a": 10}, now=now)
    assert cooldowns.seconds_left("a", now=now + timedelta(seconds=1.5)) == 9
    assert cooldowns.seconds_left("a", now=now + timedelta(seconds=10)) == 0
    assert cooldowns.seconds_left("never taken", now=now) == 0


def test_what_expired_is_swept(now: datetime) -> None:
    cooldowns.take({"short": 1, "long": 100}, now=now)
    assert cooldowns.sweep(now=now + timedelta(seconds=2)) == 1
    assert Cooldown.objects.get().key == "long"
