"""Figures that are facts of the database: looked up when somebody asks, by index alone, and kept for some seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DatabaseError, InterfaceError
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from effects.models import UNFINISHED, OverlayPage, QueueItem, State
from effects.queue import counting, lanes
from effects.registry import INSTANT
from effects.registry import lanes as all_lanes
from joystick.models import Connection
from pixelbot_site.kit.timed_cache import TimedCache
from pixelbot_site.upkeep import heartbeat

KEEP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found. `items` are counted by lane and state; `oldest` is when a lane's oldest pending item came."""

    items: dict[tuple[str, str], int] = field(default_factory=dict)
    oldest: dict[str, datetime] = field(default_factory=dict)
    paused: frozenset[str] = frozenset()
    pages: dict[bool, int] = field(default_factory=dict)
    is_connected: bool = False
    last_frame_at: datetime | None = None
    schedule_at: datetime | None = None
    round_trip: float | None = None


_kept = TimedCache[Facts | None](KEEP_SECONDS)


def forget() -> None:
    """Have the database asked again at once."""
    _kept.forget()


def read() -> Facts | None:
    """Return the facts, in five queries; None where the database can't be asked."""
    try:
        return _read(timezone.now())
    except (DatabaseError, InterfaceError):
        return None


def _read(now: datetime) -> Facts:
    names = [*all_lanes(), INSTANT]
    # With both columns of the index named, neither database looks at the items that have ended.
    rows = (
        QueueItem.objects.filter(lane__in=names, state__in=UNFINISHED)
        .order_by()
        .values_list("lane", "state")
        .annotate(count=Count("id"), oldest=Min("created_at"))
    )
    found = {(counting.label(lane), state): (count, oldest) for lane, state, count, oldest in rows}
    line = Connection.objects.filter(pk=1).first()
    pages = OverlayPage.objects.filter(until__gt=now).order_by().values_list("in_obs").annotate(count=Count("pk"))
    signs = heartbeat.rows()
    schedule, trip = signs.get(heartbeat.SCHEDULE), signs.get(heartbeat.ROUND_TRIP)
    return Facts(
        items={key: count for key, (count, _) in found.items()},
        oldest={lane: oldest for (lane, state), (_, oldest) in found.items() if state == State.PENDING},
        paused=frozenset(lanes.paused()),
        pages=dict(pages),
        is_connected=line is not None and line.state == "connected" and line.lease_until > now,
        last_frame_at=line.last_frame_at if line is not None else None,
        schedule_at=schedule.at if schedule is not None else None,
        round_trip=trip.milliseconds / 1000 if trip is not None and trip.milliseconds is not None else None,
    )


class DatabaseCollector(Collector):
    """Makes metrics of the facts. What is not known is left out."""

    def describe(self) -> list[Metric]:
        """Return none: to find out, the registry would ask the database when the process starts."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics, with ages as they are now."""
        yield from families(_kept.get(read))


def families(facts: Facts | None) -> Iterator[Metric]:
    """Yield the metrics of what was found; None: the database did not answer."""
    yield GaugeMetricFamily(
        "pixelbot_database_up", "1 where the database answers, else 0.", value=float(facts is not None)
    )
    if facts is not None:
        yield from _of_queue(facts)
        yield from _of_parts(facts)


def _of_queue(facts: Facts) -> Iterator[Metric]:
    now = timezone.now()
    names = [counting.label(lane) for lane in (*all_lanes(), INSTANT)]
    items = GaugeMetricFamily(
        "pixelbot_queue_items", "Items that wait for approval, are pending, or run.", labels=["lane", "state"]
    )
    age = GaugeMetricFamily(
        "pixelbot_queue_oldest_age_seconds",
        "Seconds since a lane's oldest pending item came; 0: none.",
        labels=["lane"],
    )
    paused = GaugeMetricFamily("pixelbot_queue_lane_paused", "1 where staff paused the lane, else 0.", labels=["lane"])
    for name in names:
        for state in UNFINISHED:
            items.add_metric([name, state.value], facts.items.get((name, state), 0))
        age.add_metric([name], _age(facts.oldest[name], now) if name in facts.oldest else 0.0)
        paused.add_metric([name], float(name in facts.paused))
    yield from (items, age, paused)


def _of_parts(facts: Facts) -> Iterator[Metric]:
    now = timezone.now()
    pages = GaugeMetricFamily(
        "pixelbot_overlay_pages", "Open pages of overlays, in OBS and elsewhere.", labels=["in_obs"]
    )
    for in_obs in (True, False):
        pages.add_metric([str(in_obs).lower()], facts.pages.get(in_obs, 0))
    yield pages
    yield GaugeMetricFamily(
        "pixelbot_listener_connected",
        "1 where some listener holds the line and is connected to Joystick.tv, else 0.",
        value=float(facts.is_connected),
    )
    if facts.last_frame_at is not None:
        yield GaugeMetricFamily(
            "pixelbot_listener_frame_age_seconds",
            "Seconds since the last frame from Joystick.tv. A listener stores it every five seconds.",
            value=_age(facts.last_frame_at, now),
        )
    if facts.schedule_at is not None:
        yield GaugeMetricFamily(
            "pixelbot_schedule_age_seconds",
            "Seconds since the schedule last ran. It runs every ten seconds; from 30 on, it stands still.",
            value=_age(facts.schedule_at, now),
        )
    if facts.round_trip is not None:
        yield GaugeMetricFamily(
            "pixelbot_schedule_round_trip_seconds",
            "Seconds from sending a task to a worker's start with it, measured every ten seconds.",
            value=facts.round_trip,
        )


def _age(at: datetime, now: datetime) -> float:
    return max(0.0, (now - at).total_seconds())


REGISTRY = CollectorRegistry(auto_describe=False)
REGISTRY.register(DatabaseCollector())
