"""What the feed forgets with time, what it keeps, and how much room it says that it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from economy.ledger import audit
from economy.models import Audit, Transaction, Viewer
from economy.viewers import merging
from joystick import tasks
from joystick.channel import streams
from joystick.inbox import feed_size, retention
from joystick.models import Gap, InboundEvent, NameChange, Stream
from joystick.simulator.happenings import CHANNEL_ID, chat, tip
from pixelbot_site.kit import pieces

pytestmark = pytest.mark.django_db

Deliver = Callable[..., None]


@pytest.fixture
def aged(deliver: Deliver) -> Callable[..., None]:
    """Deliver happenings as if so many days ago."""

    def hand_over(days: float, *happenings: Any, state: str = "handled") -> None:
        before = set(InboundEvent.objects.values_list("pk", flat=True))
        deliver(*happenings)
        new = InboundEvent.objects.exclude(pk__in=before)
        new.update(received_at=timezone.now() - timedelta(days=days), state=state)

    return hand_over


def frames() -> dict[str, bool]:
    """Return whether each event's frame is still there, by its text."""
    return {text: bool(raw) for text, raw in InboundEvent.objects.values_list("text", "raw")}


def test_frames_go_after_two_weeks_and_events_after_400_days(aged: Callable[..., None]) -> None:
    aged(401, chat("Bob", "ancient"))
    aged(399, chat("Bob", "old"))
    aged(20, chat("Bob", "failed"), state="failed")
    aged(15, chat("Bob", "recent"))
    aged(13, chat("Bob", "new"))
    for _ in range(2):
        tasks.prune()
        assert frames() == {"old": False, "failed": True, "recent": False, "new": True}


def test_both_are_settings(aged: Callable[..., None], settings: Any) -> None:
    settings.FEED_RAW_DAYS, settings.FEED_HISTORY_DAYS = 1, 10
    aged(11, chat("Bob", "old"))
    aged(2, chat("Bob", "recent"))
    tasks.prune()
    assert frames() == {"recent": False}


def test_points_and_a_streams_figures_outlive_the_events(aged: Callable[..., None]) -> None:
    streams.begin(CHANNEL_ID, timezone.now() - timedelta(hours=1))
    aged(0, tip("Bob", 70))
    streams.end(CHANNEL_ID, timezone.now() + timedelta(seconds=1))
    retention.prune(now=timezone.now() + timedelta(days=500))
    assert not InboundEvent.objects.exists()
    assert Stream.objects.get().figures["tokens"] == 70
    assert Transaction.objects.get().delta == 70 and list(audit.findings()) == []


def test_gaps_audits_and_sessions_go_too_but_the_latest_audit() -> None:
    now = timezone.now()
    for days in (402, 401, 399):
        moment = now - timedelta(days=days)
        Gap.objects.create(began_at=moment - timedelta(hours=1), ended_at=moment)
        Audit.objects.create(ran_at=moment)
    Gap.objects.create(began_at=now - timedelta(days=500))
    Session.objects.create(session_key="over", session_data="", expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="valid", session_data="", expire_date=now + timedelta(days=1))
    tasks.prune()
    assert Gap.objects.count() == 2 and Audit.objects.count() == 1
    assert Session.objects.get().session_key == "valid"
    retention.prune(now=now + timedelta(days=900))
    assert Audit.objects.count() == 1


def test_an_earlier_name_is_kept_no_longer_than_the_events_under_it(
    aged: Callable[..., None], settle_names: Callable[[], None]
) -> None:
    aged(401, chat("Bob", "hello"))
    merging.rename(Viewer.objects.get(key="bob"), "Robert")
    settle_names()
    aged(0, chat("Robert", "hello"))
    assert NameChange.objects.exists()
    tasks.prune()
    assert not NameChange.objects.exists()


def test_it_is_done_in_pieces_with_pauses_and_no_event_is_read_twice(
    aged: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE", 2)
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    aged(20, *(chat("Bob", f"line {number}") for number in range(5)))
    tasks.prune()
    assert len(pauses) == 3 and not any(frames().values())
    with CaptureQueriesContext(connection) as asked:
        tasks.prune()
    assert len(pauses) == 3 and not [query for query in asked if "UPDATE" in query["sql"]]
    retention.prune(now=timezone.now() + timedelta(days=500))
    assert not InboundEvent.objects.exists() and len(pauses) == 5


def test_the_feeds_page_says_how_much_room_it_takes(aged: Callable[..., None]) -> None:
    fox = Client()
    fox.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    page = fox.get("/admin/joystick/inboundevent/").content.decode()
    assert "About 0 events take 0 bytes; the whole database takes" in page
    aged(2, *(chat("Bob", "x" * 100) for _ in range(4)))
    size = feed_size.measure(timezone.now())
    assert size.events == 4 and size.database > 10_000
    assert 4 * (feed_size.ROW_BYTES + 300) < size.feed < 4 * (feed_size.ROW_BYTES + 2000)
    assert size.a_year > 700 * feed_size.ROW_BYTES and size.in_the_end > size.a_year
    page = fox.get("/admin/joystick/inboundevent/").content.decode()
    assert f"About 4 events take {feed_size.in_words(size.feed)}" in page
    assert f"a year brings {feed_size.in_words(size.a_year)};" in page


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 bytes"), (999, "999 bytes"), (1_234, "1 KB"), (5e6, "5 MB"), (1.25e9, "1.2 GB")]
)
def test_bytes_in_words(count: float, words: str) -> None:
    assert feed_size.in_words(count) == words
