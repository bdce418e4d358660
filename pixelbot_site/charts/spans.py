"""The times that charts show, and the parts that they are divided into: minutes of a stream, days, months."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from joystick.channel import streams
from joystick.models import Stream
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.plural import counted

# Without a stream, "tonight" is this long; of a stream that nobody ended, the last hours are shown.
NO_STREAM = timedelta(hours=6)
LONGEST_NIGHT = timedelta(hours=24)
MAX_PARTS = 72
STEPS = (1, 5, 10, 20)  # minutes


@dataclass(frozen=True, slots=True)
class Span:
    """A time that charts show. Its parts lie between `edges`, of which there is one more than `labels`.

    `part` is what a part is called: the heading of a table's first column. `note` says which time it is.
    """

    key: str
    part: str
    note: str
    edges: tuple[datetime, ...]
    labels: tuple[str, ...]

    @property
    def since(self) -> datetime:
        """Return its beginning."""
        return self.edges[0]

    @property
    def until(self) -> datetime:
        """Return its end."""
        return self.edges[-1]

    def part_of(self, moment: datetime) -> int:
        """Return the number of the part in which a moment lies, from 0."""
        return sum(edge <= moment for edge in self.edges[1:-1])


def tonight(now: datetime) -> Span:
    """Return the stream that is on, or the last one, in steps of so many minutes that there are MAX_PARTS at most."""
    stream = streams.current() or Stream.objects.filter(present_channel.is_here()).order_by("-started_at").first()
    until = (stream.ended_at if stream else None) or now
    since = max(stream.started_at, until - LONGEST_NIGHT) if stream else until - NO_STREAM
    minutes = max((until - since).total_seconds() / 60, 1)
    step = timedelta(minutes=next(step for step in STEPS if minutes / step <= MAX_PARTS or step == STEPS[-1]))
    edges = [_floor(since, step)]
    while edges[-1] < until or len(edges) == 1:
        edges.append(edges[-1] + step)
    labels = [f"{timezone.localtime(edge):%H:%M}" for edge in edges[:-1]]
    return Span("tonight", "Time", f"{_note(stream)} {_steps(step)}", tuple(edges), tuple(labels))


def days(count: int, key: str, now: datetime) -> Span:
    """Return the last days with today, from midnight to midnight in the current time zone."""
    today = timezone.localdate(now)
    begin = [today - timedelta(days=count - number - 1) for number in range(count)]
    labels = [f"{day.day} {day:%b}" for day in begin]
    edges = [_midnight(day) for day in (*begin, today + timedelta(days=1))]
    return Span(key, "Day", f"The last {count} days, with today.", tuple(edges), tuple(labels))


def months(count: int, key: str, now: datetime) -> Span:
    """Return the last months with this one."""
    today = timezone.localdate(now)
    last = today.year * 12 + today.month - 1
    begin = [date(number // 12, number % 12 + 1, 1) for number in range(last - count + 1, last + 2)]
    labels = [f"{month:%b %Y}" for month in begin[:-1]]
    note = f"The last {count} months, with this one."
    return Span(key, "Month", note, tuple(_midnight(month) for month in begin), tuple(labels))


# What the page offers, by the word in its address.
SPANS: dict[str, tuple[str, Callable[[datetime], Span]]] = {
    "tonight": ("Tonight", tonight),
    "week": ("7 days", lambda now: days(7, "week", now)),
    "month": ("30 days", lambda now: days(30, "month", now)),
    "year": ("12 months", lambda now: months(12, "year", now)),
}


def _note(stream: Stream | None) -> str:
    if stream is None:
        return "No stream was seen yet: these are the last six hours."
    begun = timezone.localtime(stream.started_at)
    if stream.ended_at is None:
        return f"The stream that is on, since {begun:%H:%M}."
    return f"The last stream: {begun.day} {begun:%B}, {begun:%H:%M} to {timezone.localtime(stream.ended_at):%H:%M}."


def _steps(step: timedelta) -> str:
    minutes = round(step.total_seconds() / 60)
    return f"In steps of {counted(minutes, 'minute')}."


def _floor(moment: datetime, step: timedelta) -> datetime:
    local = timezone.localtime(moment)
    since_midnight = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    return moment - (since_midnight % step) - timedelta(microseconds=local.microsecond)


def _midnight(day: date) -> datetime:
    # In UTC: between two times of one zone, Python counts the hours that the clock shows.
    return timezone.make_aware(datetime.combine(day, time.min)).astimezone(UTC)
