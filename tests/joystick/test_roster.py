"""Who follows, subscribes and moderates by the platform's lists."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from economy.models import Cooldown, ForgottenName, ListedName, Transaction, Viewer, XPTransaction
from economy.viewers import forgetting, lists, merging, people
from joystick import tasks
from joystick.account import roster
from joystick.models import Install
from joystick.simulator.happenings import chat, enter
from joystick.simulator.site import Site
from tests.threads import at_once, wait_for_a_waiter

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
    before = time.time()
    roster.fetch(*arguments)
    ((following, pause),) = sent
    assert (following[:4], pause) == ((install.pk, "followers", 2, 1), roster.PAUSE)
    assert before <= following[4] <= time.time()  # when it began, which every page of it tells


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


def list_now(*names: str, flag: str = "is_follower", channel: str = "c", minutes: int = 0) -> None:
    """Let the platform list these names, so many minutes from now."""
    people.listed(names, flag, channel=channel, at=timezone.now() + timedelta(minutes=minutes))


def is_follower(name: str) -> bool:
    return Viewer.objects.get(key=name).is_follower


def stored() -> set[str]:
    return set(ListedName.objects.values_list("key", flat=True))


def test_who_followed_before_the_bot_came_is_a_follower_from_their_first_line_and_is_paid_no_more(
    site: Site, install: Install, sent: list[tuple[Any, ...]], deliver: Callable[..., None]
) -> None:
    site.channel.followers = ["BOB", *(f"somebody{number}" for number in range(120))]
    site.channel.subscribers = ["Bob"]
    install.scopes = "followers:read subscribers:read"
    install.save()
    roster.start()
    fetch_all(sent)
    assert not Viewer.objects.exists()
    deliver(chat("Bob", "first!"), chat("Ann", "first!"))
    bob, ann = Viewer.objects.get(key="bob"), Viewer.objects.get(key="ann")
    assert (bob.is_follower, ann.is_follower) == (True, False)
    assert not bob.is_subscriber  # by the badges of the line itself
    for model in (Transaction, XPTransaction):
        paid = {
            name: set(model.objects.filter(viewer=viewer).values_list("source", "delta"))
            for name, viewer in (("bob", bob), ("ann", ann))
        }
        assert paid["bob"] == paid["ann"]
    deliver(enter("somebody7"))  # tells of no badges
    assert is_follower("somebody7")


def test_only_a_batch_with_new_viewers_asks_for_the_lists_and_once(deliver: Callable[..., None]) -> None:
    list_now("viewer1", "viewer2")

    def asked(*names: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            deliver(*(chat(name, "hi") for name in names))
        return sum("listedname" in query["sql"] for query in queries)

    names = [f"Viewer{number}" for number in range(40)]
    assert asked(*names) == 1
    assert asked(*names) == 0
    assert Viewer.objects.filter(is_follower=True).count() == 2


def test_a_complete_fetch_replaces_the_list_and_a_broken_one_does_not(
    site: Site, install: Install, sent: list[tuple[Any, ...]]
) -> None:
    install.scopes = "followers:read moderators:read"
    install.save()
    list_now("kept", flag="is_moderator", channel=install.channel_id, minutes=-5)
    list_now("kept2", channel="another channel", minutes=-5)
    site.channel.followers = [f"somebody{number}" for number in range(150)]
    roster.fetch(install.pk, "followers")
    fetch_all(sent)
    assert len(stored()) == 152
    site.channel.followers = [f"somebody{number}" for number in range(1, 151)]
    roster.fetch(install.pk, "followers")
    sent.clear()  # the second page is never asked for
    assert "somebody0" in stored()
    roster.fetch(install.pk, "followers")
    fetch_all(sent)
    assert stored() == {"kept", "kept2", *(f"somebody{number}" for number in range(1, 151))}
    assert ListedName.objects.filter(flag="is_follower", channel=install.channel_id).count() == 150


def test_an_answer_without_a_list_deletes_nothing(
    site: Site, install: Install, sent: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    list_now("bob", channel=install.channel_id, minutes=-5)
    monkeypatch.setattr("joystick.account.rest._send", lambda *_, **__: {"message": "soon"})
    roster.fetch(install.pk, "followers")
    assert stored() == {"bob"}


def test_a_fetch_that_takes_long_makes_nothing_older_than_a_later_one(install: Install) -> None:
    list_now("bob", minutes=0)
    list_now("bob", minutes=-60)
    lists.complete("is_follower", channel="c", at=timezone.now() - timedelta(minutes=1))
    assert stored() == {"bob"}


def test_what_no_fetch_brings_goes_after_a_week(sent: list[tuple[Any, ...]]) -> None:
    list_now("old", minutes=-60 * 24 * 7 - 1)
    list_now("new", minutes=-60 * 24 * 7 + 1)
    roster.start()
    assert stored() == {"new"}


def test_a_forgotten_name_is_on_no_list_and_no_fetch_brings_it_back(viewer: Callable[..., Viewer]) -> None:
    list_now("Bob", "Ann")
    forgetting.forget(viewer("Bob"))
    assert stored() == {"ann"}
    list_now("BOB", "Ann", minutes=1)
    assert stored() == {"ann"}
    assert "bob" not in str(list(ForgottenName.objects.values())).casefold()
    viewer("Bob")  # they have come back
    list_now("Bob", minutes=2)
    assert is_follower("bob")


def test_who_was_merged_is_forgotten_under_both_names(viewer: Callable[..., Viewer]) -> None:
    list_now("Old", "New", "Other")
    old, new = viewer("Old"), viewer("New")
    merging.merge(old, new, by="mo")
    forgetting.forget(Viewer.objects.get(pk=new.pk))
    assert stored() == {"other"}


def test_the_lists_follow_a_new_name(viewer: Callable[..., Viewer]) -> None:
    bob = viewer("Bob")
    list_now("bob")
    list_now("bob", "bobby", flag="is_subscriber")
    merging.rename(bob, "Bobby")
    assert set(ListedName.objects.values_list("key", "flag")) == {("bobby", "is_follower"), ("bobby", "is_subscriber")}
    renamed = Viewer.objects.get()
    assert (renamed.key, renamed.is_follower, renamed.is_subscriber) == ("bobby", True, True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["arrives", "listed"])
def test_who_is_first_seen_while_the_list_is_stored_gets_the_flag(first: str) -> None:
    steps: list[Callable[[], object]] = [lambda: people.seen(["Bob"], now=timezone.now()), lambda: list_now("Bob")]
    if first == "listed":
        steps.reverse()
    is_done = threading.Event()

    def do(number: int) -> None:
        if number == 0:
            with transaction.atomic():
                steps[0]()
                is_done.set()
                wait_for_a_waiter()
        else:
            assert is_done.wait(10)
            steps[1]()

    assert at_once(2, do) == [None, None]
    assert is_follower("bob")


@pytest.mark.django_db(transaction=True)
def test_a_crowd_that_comes_beside_a_fetch_is_flagged_to_the_last() -> None:
    names = [f"viewer{number}" for number in range(40)]

    def do(number: int) -> None:
        for place in range(5):
            some = names[place * 8 : place * 8 + 8]
            if number % 2:
                list_now(*some)
            else:
                people.seen(some, now=timezone.now())

    assert at_once(4, do) == [None] * 4
    assert Viewer.objects.filter(is_follower=True).count() == 40
