"""The figures of the charts: sums by the parts of a span, made by the database, each in one query along an index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum, Value
from django.utils import timezone

from economy.ledger.currencies import POINTS_LEDGER
from economy.models import XP, Transaction, TransactionKind
from effects.models import Purchase, QueueItem
from joystick.channel import streams
from joystick.channel.streams import is_active
from joystick.models import InboundEvent, Stream
from pixelbot_site.charts.spans import Span
from pixelbot_site.kit import present_channel
from redeems.models import Redeem

# Streams of a year, and those that a chart by stream shows: the newest.
MAX_STREAMS = 1500
MAX_SHOWN_STREAMS = 30
MAX_REDEEMS = 12
# The first levels of the bands in which levels are counted.
BANDS = (1, 5, 10, 20, 30, 40, 50, 75, 100)

SPENT = Q(kind__in=[TransactionKind.SPEND, TransactionKind.REFUND])


@dataclass(frozen=True, slots=True)
class OfStream:
    """A stream, its figures, and how many minutes it has lasted."""

    stream: Stream
    figures: dict[str, Any]
    minutes: float


def points(span: Span) -> tuple[list[int], list[int]]:
    """Return (points given, points spent less refunds) by part of the span, as the ledger has them."""
    given, spent = [0] * len(span.labels), [0] * len(span.labels)
    sums = {"given": Sum("delta", filter=POINTS_LEDGER.minted), "spent": Sum("delta", filter=SPENT)}
    for part, minted, paid in _by_part(span, _transactions(), "created_at", sums):
        given[part], spent[part] = minted or 0, -(paid or 0)
    return given, spent


def _transactions() -> QuerySet[Transaction]:
    """Return the rows of the ledger; of a channel, those that an event of it led to."""
    if not present_channel.present():
        return Transaction.objects.all()
    own = InboundEvent.objects.filter(present_channel.is_here(), uid=OuterRef("event"))
    return Transaction.objects.filter(Exists(own))


@dataclass(frozen=True, slots=True)
class Events:
    """Events, active viewers and tokens by part of a span."""

    count: list[int]
    viewers: list[int]
    tokens: list[int]


def events(span: Span) -> Events:
    """Return what the stored events tell by part of the span."""
    found = Events(*([0] * len(span.labels) for _ in range(3)))
    sums = {
        "count": Count("id"),
        "viewers": Count("viewer_key", distinct=True, filter=is_active()),
        "sum": Sum("tokens"),
    }
    own = InboundEvent.objects.filter(present_channel.is_here())
    for part, count, viewers, tokens in _by_part(span, own, "received_at", sums):
        found.count[part], found.viewers[part], found.tokens[part] = count, viewers, tokens or 0
    return found


def of_streams(span: Span) -> list[OfStream]:
    """Return the streams that began in the span, the oldest first, with the figures that were counted at their end."""
    now = timezone.now()
    own = Stream.objects.filter(present_channel.is_here())
    rows = own.filter(started_at__gte=span.since, started_at__lt=span.until).order_by("-started_at")
    return [
        OfStream(
            stream,
            stream.figures if stream.ended_at else streams.figures(stream),
            max(((stream.ended_at or now) - stream.started_at).total_seconds() / 60, 1),
        )
        for stream in reversed(rows[:MAX_STREAMS])
    ]


def by_part(span: Span, found: Iterable[OfStream], key: str) -> list[list[int]]:
    """Return by part of the span what the figures of its streams have under `key`, of those that have it."""
    parts: list[list[int]] = [[] for _ in span.labels]
    for one in found:
        if key in one.figures:
            parts[span.part_of(one.stream.started_at)].append(int(one.figures[key]))
    return parts


def rate_by_part(span: Span, found: Iterable[OfStream]) -> list[float]:
    """Return events a minute while live, by part of the span."""
    count, minutes = [0] * len(span.labels), [0.0] * len(span.labels)
    for one in found:
        part = span.part_of(one.stream.started_at)
        count[part] += int(one.figures.get("events", 0))
        minutes[part] += one.minutes
    return [number / lasted if lasted else 0 for number, lasted in zip(count, minutes, strict=True)]


def redeems(span: Span) -> list[tuple[str, int]]:
    """Return (title, how often it was bought and not given back), the most first; the rest together as the last."""
    bought = Purchase.objects.filter(created_at__gte=span.since, created_at__lt=span.until, refunded_at=None)
    if present_channel.present():
        own = QueueItem.objects.filter(present_channel.is_here(nullable=True), purchase=OuterRef("pk"))
        bought = bought.filter(Exists(own))
    counts = list(bought.order_by().values("redeem").annotate(n=Count("id")).order_by("-n", "redeem"))
    titles = dict(Redeem.objects.values_list("key", "title"))
    named = [(titles.get(row["redeem"]) or row["redeem"] or "Without a name", row["n"]) for row in counts]
    others = sum(number for _, number in named[MAX_REDEEMS:])
    return [*named[:MAX_REDEEMS], ("Others", others)] if others else named


def levels() -> list[tuple[str, int]]:
    """Return (band of levels, number of viewers)."""
    counts: dict[int, int] = defaultdict(int)
    for level, number in XP.objects.order_by().values_list("level").annotate(n=Count("pk")):
        counts[max((first for first in BANDS if first <= level), default=BANDS[0])] += number
    return [(_band(number), counts[first]) for number, first in enumerate(BANDS)] if counts else []


def _band(number: int) -> str:
    first = BANDS[number]
    return f"{first}–{BANDS[number + 1] - 1}" if number + 1 < len(BANDS) else f"{first}+"


def _by_part(span: Span, rows: QuerySet[Any], column: str, sums: dict[str, Any]) -> Iterable[tuple[Any, ...]]:
    """Return (number of the part, each sum) by part of the span.

    One query: a range of the column's index for each part. To group all rows by day takes three times as long, and the
    database would have to know the time zone.
    """
    parts = [
        rows.filter(**{f"{column}__gte": begin, f"{column}__lt": end})
        .order_by()
        .values(part=Value(number))
        .annotate(**sums)
        .values_list("part", *sums)
        for number, (begin, end) in enumerate(zip(span.edges, span.edges[1:], strict=False))
    ]
    found: Iterable[tuple[Any, ...]] = parts[0].union(*parts[1:], all=True)
    return found
