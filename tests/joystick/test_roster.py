"""Who follows, subscribes and moderates by the platform's lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from economy.models import Cooldown, Transaction, Viewer
from economy.viewers import merging, people
from joystick import tasks
from joystick.account import roster
from joystick.models import Install
from joystick.simulator.site import Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Collect the tasks that are sent, as (arguments, countdown)."""
    tasks_sent: list[tuple[Any, ...]] = []

    def send(name: str, *arguments: Any, countdown: float = 0) -> None:
        assert name == roster.TASK
        tasks_sent.append((arguments, countdown))

    monkeypatch.setattr(roster, "send", send)
    return tasks_sent


def fetch_all(sent: list[tuple[Any, ...]]) -> int:
    pages = 0
    while sent:
        arguments, _ = sent.pop(0)
        roster.fetch(*arguments)
        pages += 1
    return pages


def test_known_viewers_are_flagged_and_nobody_is_paid(
    site: Site, install: Install, viewer: Callable[..., Viewer], sent: list[tuple[Any, ...]]
) -> None:
    viewer("Bob")
    viewer("Ann")
    seen_before = Viewer.objects.get(key="bob").last_seen_at
    site.channel.followers = [f"somebody{number}" for number in range(150)] + ["BOB"]
    site.channel.moderators = ["ann"]
    install.scopes = "followers:read moderators:read"
    install.save()
    roster.start()
    assert fetch_all(sent) == 3  # two pages of followers, one of moderators
    bob, ann = Viewer.objects.get(key="bob"), Viewer.objects.get(key="ann")
    assert (bob.is_follower, bob.is_moderator, ann.is_follower, ann.is_moderator) == (True, False, False, True)
    assert bob.last_seen_at == seen_before
    assert not Transaction.objects.exists()
    assert Viewer.objects.count() == 2


def test_one_page_a_second_and_each_as_a_task_of_its_own(
    site: Site, install: Install, sent: list[tuple[Any, ...]]
) -> None:
    site.channel.followers = [f"somebody{number}" for number in range(250)]
    install.scopes = "followers:read"
    install.save()
    roster.start()
    arguments, _ = sent.pop()
    roster.fetch(*arguments)
    assert sent == [((install.pk, "followers", 2, 1), roster.PAUSE)]


def test_a_list_without_an_end_has_one(site: Site, install: Install, sent: list[tuple[Any, ...]]) -> None:
    site.channel.followers = [f"somebody{number}" for number in range(250)]
    install.scopes = "followers:read"
    install.save()
    roster.fetch(install.pk, "followers", 1, roster.MAX_PAGES - 1)
    assert len(sent) == 1
    roster.fetch(install.pk, "followers", 1, roster.MAX_PAGES)
    assert len(sent) == 1


def test_without_the_scope_nothing_is_asked(site: Site, install: Install, sent: list[tuple[Any, ...]]) -> None:
    install.scopes = "chat:read"
    install.save()
    roster.start()
    assert sent == []


def test_a_platform_that_fails_ends_it_with_a_warning(
    site: Site, install: Install, sent: list[tuple[Any, ...]], caplog: pytest.LogCaptureFixture
) -> None:
    install.scopes = ""
    install.save()
    site.accounts.revoke_all()
    roster.fetch(install.pk, "followers")
    assert sent == []
    assert "the list of followers could not be fetched" in caplog.text


def test_who_was_merged_is_flagged_as_whom_they_are_now(viewer: Callable[..., Viewer]) -> None:
    merging.merge(viewer("Old"), viewer("New"), by="fox")
    assert people.flag(["Old"], "is_follower") == 1
    assert Viewer.objects.get(key="new").is_follower
    assert people.flag(["Old"], "is_follower") == 0


def test_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    monkeypatch.setattr(roster, "start", lambda: started.append(1))
    tasks.fetch_rosters()
    tasks.fetch_rosters()
    assert len(started) == 1
    Cooldown.objects.update(until=F("until") - timedelta(hours=23, minutes=50))
    tasks.fetch_rosters()
    assert len(started) == 1
    Cooldown.objects.update(until=F("until") - timedelta(minutes=10))
    tasks.fetch_rosters()
    assert len(started) == 2
