"""How much room the feed takes, and will take: estimated without reading all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Coalesce, Length

from joystick.models import InboundEvent, Retention
from joystick.settings_table import FeedSettings

# Bytes of an event with its indexes, without its texts and its frame: measured by `tests.benchmarks.longest_wait`.
ROW_BYTES = 400
# The newest events, by which the lengths of texts and frames are estimated.
SAMPLE = 500
# The days by which the pace is estimated.
PACE = timedelta(days=30)
DAYS_OF_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class FeedSize:
    """Events in the feed, its bytes, those of the whole database, and what the feed will take once it is pruned each
    day: at the present pace, with the present settings. `a_year`: the bytes that a year at this pace brings.
    """

    events: int
    feed: int
    database: int
    a_year: int
    in_the_end: int


def measure(now: datetime) -> FeedSize:
    """Return the sizes, by a few looks into indexes and the newest events."""
    # Two statements: for both ends in one, SQLite reads a whole index.
    first, last = (InboundEvent.objects.order_by(order).values_list("pk", flat=True).first() for order in ("pk", "-pk"))
    if first is None or last is None:
        return FeedSize(0, 0, database_bytes(), 0, 0)
    events = last - first + 1
    blanked = min(max(_blanked_to() - first + 1, 0), events)
    row, frame = _bytes_of_an_event(last)
    daily = _events_a_day(now, first, last)
    rules = FeedSettings.current()
    return FeedSize(
        events=events,
        feed=round(events * row + (events - blanked) * frame),
        database=database_bytes(),
        a_year=round(daily * (DAYS_OF_A_YEAR * row + min(rules.feed_raw_days, DAYS_OF_A_YEAR) * frame)),
        in_the_end=round(daily * (rules.feed_history_days * row + rules.feed_raw_days * frame)),
    )


def sentence(now: datetime) -> str:
    """Return what the dashboard says above the feed."""
    size, rules = measure(now), FeedSettings.current()
    return (
        f"About {size.events:,} events take {in_words(size.feed)}; the whole database takes {in_words(size.database)}. "
        f"At the pace of the last days, a year brings {in_words(size.a_year)}; since frames are kept for "
        f"{rules.feed_raw_days} days and events for {rules.feed_history_days}, the feed will not take more than "
        f"{in_words(max(size.in_the_end, size.feed))}."
    )


def in_words(count: float) -> str:
    """Return a number of bytes as people write it: "1.2 GB"."""
    for unit in ("bytes", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def database_bytes() -> int:
    """Return the size of the whole database, without SQLite's write-ahead log."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        else:
            cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _blanked_to() -> int:
    return Retention.objects.values_list("blanked_to", flat=True).first() or 0


def _bytes_of_an_event(last: int) -> tuple[float, float]:
    """Return the bytes of an event without its frame, and of its frame."""
    newest = InboundEvent.objects.filter(pk__gt=last - SAMPLE)
    sums = newest.aggregate(
        texts=Coalesce(Sum(Length("text") + Length("error")), 0), frames=Coalesce(Sum(Length("raw")), 0)
    )
    count = max(newest.count(), 1)
    return ROW_BYTES + sums["texts"] / count, sums["frames"] / count


def _events_a_day(now: datetime, first: int, last: int) -> float:
    recent = InboundEvent.objects.filter(received_at__gte=now - PACE).order_by("received_at")
    begin = recent.values_list("pk", "received_at").first()
    if begin is None:
        return 0.0
    days = max((now - begin[1]) / timedelta(days=1), 1.0)
    return (last - max(begin[0], first) + 1) / days
