"""When the channel was live, and what happened meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from economy.ledger import points
from economy.models import Viewer
from economy.viewers import forgetting, merging, presence
from joystick.channel import streams
from joystick.models import InboundEvent, Install, Stream
from joystick.simulator.happenings import CHANNEL_ID, ended, enter, spin, started, tip

pytestmark = pytest.mark.django_db

Deliver = Callable[..., None]


def at(happening: object, moment: datetime) -> object:
    return replace(happening, at=moment)  # type: ignore[type-var]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_stream_begins_and_ends_with_its_figures(deliver: Deliver, version: str) -> None:
    begun = timezone.now() - timedelta(seconds=2)
    deliver(at(started(), begun), version=version)
    assert streams.current() is not None
    deliver(tip("Bob", 100), tip("Ann", 7), spin("Bob", 50, "Silly hat"), enter("Cat"), version=version)
    bob = Viewer.objects.get(key="bob")
    spent = points.spend(bob, 30, source="test", reference="t:1")
    points.refund(spent, reason="test")
    points.spend(bob, 20, source="test", reference="t:2")
    points.transfer(bob, Viewer.objects.get(key="ann"), 10, source="give", reference="t:3")
    deliver(at(ended(), timezone.now() + timedelta(seconds=1)), version=version)
    stream = Stream.objects.get()
    assert stream.ended_at is not None and streams.current() is None
    assert stream.figures == {
        "events": 6,
        "tokens": 157,
        "active_viewers": 2,  # Cat only came in
        "new_viewers": 3,
        "points_minted": 100 + 7 + 50 + 25,
        "points_spent": 20,
        "top_viewers": [["Bob", 150], ["Cat", 25], ["Ann", 7]],
    }
    assert not presence.present(now=timezone.now()).exists()


def test_a_start_told_twice_is_one_and_one_long_after_closes_the_stream_that_ended_unnoticed(deliver: Deliver) -> None:
    now = timezone.now()
    deliver(at(started(), now - timedelta(hours=5)), at(started(), now - timedelta(hours=5, seconds=-3)))
    assert Stream.objects.count() == 1
    deliver(tip("Bob", 1))
    InboundEvent.objects.filter(kind="tipped").update(received_at=now - timedelta(hours=3))
    deliver(at(started(), now))
    first, second = Stream.objects.order_by("started_at")
    assert first.ended_at == now - timedelta(hours=3)
    assert second.ended_at is None


def test_an_end_from_before_the_start_is_an_old_one(deliver: Deliver) -> None:
    now = timezone.now()
    deliver(at(started(), now), at(ended(), now - timedelta(minutes=1)))
    assert streams.current() is not None


def test_an_end_without_a_start_is_nothing(deliver: Deliver) -> None:
    deliver(ended())
    assert not Stream.objects.exists()


class TestAfterAGap:
    """What the platform says of the channel now."""

    since = datetime(2026, 8, 1, 19, 0, tzinfo=UTC)

    def test_live_opens_a_stream_where_it_began(self) -> None:
        streams.set_live(CHANNEL_ID, live=True, since=self.since)
        assert Stream.objects.get().started_at == self.since

    def test_live_as_we_knew_changes_nothing(self) -> None:
        streams.begin(CHANNEL_ID, self.since)
        streams.set_live(CHANNEL_ID, live=True, since=self.since + timedelta(seconds=20))
        streams.set_live(CHANNEL_ID, live=True)
        assert Stream.objects.get().ended_at is None

    def test_live_since_later_means_another_stream(self) -> None:
        streams.begin(CHANNEL_ID, self.since)
        streams.set_live(CHANNEL_ID, live=True, since=self.since + timedelta(hours=2))
        assert [stream.ended_at is None for stream in Stream.objects.order_by("started_at")] == [False, True]

    def test_not_live_closes_it_where_it_was_last_heard_of(self, deliver: Deliver) -> None:
        streams.begin(CHANNEL_ID, timezone.now() - timedelta(hours=1))
        deliver(tip("Bob", 5))
        streams.set_live(CHANNEL_ID, live=False)
        stream = Stream.objects.get()
        assert stream.ended_at == InboundEvent.objects.get().received_at
        assert stream.figures["tokens"] == 5


class TestBeginnings:
    """A start that comes again, late, or for another channel."""

    start = datetime(2026, 8, 1, 19, 0, tzinfo=UTC)

    @pytest.mark.parametrize(("seconds", "count"), [(0, 1), (119, 1), (120, 2), (-60, 1)])
    def test_starts_within_two_minutes_are_one(self, seconds: int, count: int) -> None:
        streams.begin(CHANNEL_ID, self.start)
        streams.begin(CHANNEL_ID, self.start + timedelta(seconds=seconds))
        assert Stream.objects.count() == count

    def test_a_stream_without_any_event_that_ended_unnoticed_ends_where_it_began(self) -> None:
        first = streams.begin(CHANNEL_ID, self.start)
        second = streams.begin(CHANNEL_ID, self.start + timedelta(days=1))
        first.refresh_from_db()
        assert first.ended_at == first.started_at and first.figures["events"] == 0
        assert streams.current(CHANNEL_ID) == second

    def test_channels_do_not_end_each_others_streams(self) -> None:
        mine, other = streams.begin("mine", self.start), streams.begin("other", self.start + timedelta(hours=1))
        assert streams.end("other", self.start + timedelta(hours=2)) == other
        assert streams.current("mine") == mine and streams.current("other") is None

    def test_the_stream_that_is_on_is_what_redeems_ask_for(self) -> None:
        assert streams.live_since() is None
        streams.begin(CHANNEL_ID, self.start)
        assert streams.live_since() == self.start
        streams.end(CHANNEL_ID, self.start + timedelta(hours=1))
        assert streams.live_since() is None


class TestEndings:
    """An end that comes late, twice, or not at all."""

    start = datetime(2026, 8, 1, 19, 0, tzinfo=UTC)

    def test_an_old_end_returns_nothing_and_leaves_everybody_present(self, deliver: Deliver) -> None:
        deliver(enter("Cat"))
        streams.begin(CHANNEL_ID, self.start)
        assert streams.end(CHANNEL_ID, self.start - timedelta(seconds=1)) is None
        assert presence.present(now=timezone.now()).count() == 1

    def test_a_second_end_changes_neither_the_moment_nor_the_figures(self) -> None:
        streams.begin(CHANNEL_ID, self.start)
        streams.end(CHANNEL_ID, self.start + timedelta(hours=1))
        assert streams.end(CHANNEL_ID, self.start + timedelta(hours=2)) is None
        assert Stream.objects.get().ended_at == self.start + timedelta(hours=1)

    def test_an_end_that_nobody_heard_is_put_where_the_stream_began_if_nothing_came(self) -> None:
        streams.begin(CHANNEL_ID, self.start)
        streams.set_live(CHANNEL_ID, live=False)
        assert Stream.objects.get().ended_at == self.start

    def test_not_live_without_a_stream_is_nothing(self) -> None:
        streams.set_live(CHANNEL_ID, live=False)
        assert not Stream.objects.exists()


class TestFigures:
    """What is counted between start and end."""

    def test_while_it_is_on_they_grow_and_are_not_stored(self, deliver: Deliver) -> None:
        stream = streams.begin(CHANNEL_ID, timezone.now() - timedelta(hours=1))
        deliver(tip("Bob", 5))
        assert streams.figures(stream)["tokens"] == 5
        deliver(tip("Ann", 7))
        assert streams.figures(stream)["tokens"] == 12
        assert Stream.objects.get().figures == {}

    def test_what_came_before_it_does_not_count(self, deliver: Deliver) -> None:
        deliver(tip("Bob", 100))
        stream = streams.begin(CHANNEL_ID, timezone.now() + timedelta(seconds=1))
        stream.ended_at = timezone.now() + timedelta(hours=1)
        assert streams.figures(stream) == {
            "events": 0,
            "tokens": 0,
            "active_viewers": 0,
            "new_viewers": 0,
            "points_minted": 0,
            "points_spent": 0,
            "top_viewers": [],
        }

    def test_five_viewers_stand_at_the_top(self, deliver: Deliver) -> None:
        stream = streams.begin(CHANNEL_ID, timezone.now() - timedelta(hours=1))
        deliver(*(tip(f"Fan{number}", 10 + number) for number in range(7)))
        assert streams.figures(stream)["top_viewers"] == [[f"Fan{number}", 10 + number] for number in (6, 5, 4, 3, 2)]

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plan")
    def test_they_are_found_among_the_rows_of_that_time(self, deliver: Deliver) -> None:
        stream = streams.begin(CHANNEL_ID, timezone.now() - timedelta(hours=1))
        with CaptureQueriesContext(connection) as asked:
            streams.figures(stream)
        (earners,) = (query["sql"] for query in asked.captured_queries if '"earned"' in query["sql"])
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {earners}")
            plan = str(cursor.fetchall())
        assert "(created_at>? AND created_at<?)" in plan

    def test_a_renamed_viewer_has_the_new_name_in_events_and_figures(
        self, deliver: Deliver, settle_names: Callable[[], None]
    ) -> None:
        streams.begin(CHANNEL_ID, timezone.now() - timedelta(hours=1))
        deliver(tip("Äpfel", 5), tip("Ann", 3))
        streams.end(CHANNEL_ID, timezone.now() + timedelta(seconds=1))
        merging.rename(Viewer.objects.get(key="äpfel"), "Birne")
        settle_names()
        assert Stream.objects.get().figures["top_viewers"] == [["Birne", 5], ["Ann", 3]]
        assert set(InboundEvent.objects.values_list("username", flat=True)) == {"Birne", "Ann"}

    def test_a_forgotten_viewer_is_in_neither(self, deliver: Deliver, settle_names: Callable[[], None]) -> None:
        streams.begin(CHANNEL_ID, timezone.now() - timedelta(hours=1))
        deliver(tip("ÄPFEL", 5), tip("Ann", 3))
        streams.end(CHANNEL_ID, timezone.now() + timedelta(seconds=1))
        forgetting.forget(Viewer.objects.get(key="äpfel"))
        settle_names()
        assert "pfel" not in str(Stream.objects.get().figures).casefold()
        assert not InboundEvent.objects.filter(raw__icontains="pfel").exists()
        assert list(InboundEvent.objects.order_by("id").values_list("username", "tokens")) == [("", 5), ("Ann", 3)]


def test_the_last_channel_is_the_one_heard_from_last() -> None:
    assert streams.last_channel() == ""
    now = timezone.now()
    Install.objects.create(channel_id="old", last_event_at=now - timedelta(days=1))
    Install.objects.create(channel_id="new", last_event_at=now)
    Install.objects.create(channel_id="silent")
    assert streams.last_channel() == "new"
