"""When the channel was live, and what happened meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from economy.ledger import points
from economy.models import Viewer
from economy.viewers import presence
from joystick.channel import streams
from joystick.models import InboundEvent, Stream
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
