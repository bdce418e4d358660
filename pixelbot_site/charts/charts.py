"""The charts of a span: which there are, what each is called, and who may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone

from pixelbot_site.charts import figures, svg
from pixelbot_site.charts.figures import OfStream
from pixelbot_site.charts.spans import SPANS, Span
from pixelbot_site.kit import present_channel

LEDGER, STREAMS, QUEUE, VIEWERS = (
    "economy.view_transaction",
    "joystick.view_stream",
    "effects.view_queueitem",
    "economy.view_viewer",
)
# Seconds that a span's charts are kept.
KEPT = {"tonight": 20, "week": 60, "month": 120, "year": 600}

Series = Sequence[tuple[str, Sequence[float]]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and its table. Without a drawing there is nothing to show, and `nothing` says so.

    `summary` says the same in a sentence, for who does not see it.
    """

    key: str
    title: str
    help: str
    permission: str
    nothing: str
    summary: str
    heads: list[str]
    table: list[list[str]]
    drawing: svg.Drawing | None


@dataclass(frozen=True, slots=True)
class Charts:
    """The charts of a span."""

    span: Span
    charts: list[Chart]


def of(key: str, *, now: datetime | None = None) -> Charts:
    """Return the charts of a span, named by its key, and of the present channel, or of all.

    They are up to KEPT seconds old. Raises KeyError for no span.
    """
    _, make = SPANS[key]
    name = f"charts:{key}:{present_channel.present()}"
    found: Charts | None = cache.get(name)
    if found is None:
        span = make(now or timezone.now())
        found = Charts(span, _of_year(span) if key == "year" else _of_days(span))
        cache.set(name, found, KEPT[key])
    return found


def _of_days(span: Span) -> list[Chart]:
    events = figures.events(span)
    given, spent = figures.points(span)
    points = _points(span, "What was spent is less what was refunded.", given, spent)
    viewers = _viewers(
        span,
        "Who wrote in chat, tipped, followed, subscribed or dropped in; bots and you are left out.",
        events.viewers,
    )
    tips = _tips(span, events.tokens)
    if span.part == "Time":
        return [points, viewers, _rate(span, "", _a_minute(span, events.count)), tips, _redeems(span), _levels()]
    found = figures.of_streams(span)
    rate = _rate(span, "While live, of the streams that began on that day.", figures.rate_by_part(span, found))
    return [points, _points_by_stream(found), viewers, rate, tips, _redeems(span), _levels()]


def _of_year(span: Span) -> list[Chart]:
    """Return the charts of months from the figures that each stream keeps: summing a year of events takes long."""
    found = figures.of_streams(span)
    of_streams = "Of the streams that began in each month; what came between streams is not in it."

    def sums(key: str) -> list[int]:
        return [sum(numbers) for numbers in figures.by_part(span, found, key)]

    averages = [
        sum(numbers) / len(numbers) if numbers else 0 for numbers in figures.by_part(span, found, "active_viewers")
    ]
    return [
        _points(span, of_streams, sums("points_minted"), sums("points_spent")),
        _points_by_stream(found),
        _viewers(span, "Of a stream, on the average of each month.", averages),
        _rate(span, "While live, on the average of each month.", figures.rate_by_part(span, found)),
        _tips(span, sums("tokens"), of_streams),
        _redeems(span),
        _levels(),
    ]


def _points(span: Span, help_text: str, given: Sequence[float], spent: Sequence[float]) -> Chart:
    series = [("given", given), ("spent", spent)]
    nothing = "No points were given or spent in this time."
    return _columns(
        "points", "Points given and spent", help_text, LEDGER, nothing, span.part, span.labels, series, adds=True
    )


def _points_by_stream(found: Sequence[OfStream]) -> Chart:
    shown = found[-figures.MAX_SHOWN_STREAMS :]
    began = [timezone.localtime(one.stream.started_at) for one in shown]
    labels = [f"{at.day} {at:%b} {at:%H:%M}" for at in began]
    series = [
        (name, [int(one.figures.get(key, 0)) for one in shown])
        for name, key in (("given", "points_minted"), ("spent", "points_spent"))
    ]
    help_text = f"Of the last {len(shown)} streams." if len(found) > len(shown) else "Of each stream."
    nothing = "No points were given or spent during a stream of this time."
    return _columns("streams", "Points by stream", help_text, LEDGER, nothing, "Stream", labels, series, adds=True)


def _viewers(span: Span, help_text: str, values: Sequence[float]) -> Chart:
    nothing = "Nobody was active in this time."
    series = [("", values)]
    return _columns("viewers", "Active viewers", help_text, STREAMS, nothing, span.part, span.labels, series)


def _rate(span: Span, help_text: str, values: Sequence[float]) -> Chart:
    nothing = "Nothing came in this time."
    series = [("", values)]
    return _columns("events", "Events a minute", help_text, STREAMS, nothing, span.part, span.labels, series)


def _tips(span: Span, values: Sequence[float], help_text: str = "Tokens of tips and of Joystick's wheel.") -> Chart:
    nothing = "Nobody tipped in this time."
    series = [("", values)]
    return _columns("tips", "Tips", help_text, STREAMS, nothing, span.part, span.labels, series, adds=True)


def _redeems(span: Span) -> Chart:
    bought = figures.redeems(span)
    labels, values = [title for title, _ in bought], [number for _, number in bought]
    drawing = svg.rows(labels, values) if bought else None
    summary = f"{svg.exact(sum(values))} in all, most often {labels[0]}." if bought else ""
    table = [[title, svg.exact(number)] for title, number in bought]
    nothing = "Nothing was bought in this time."
    heads = ["Redeem", "Bought"]
    help_text = "How often each was bought, without those that were refunded."
    return Chart("redeems", "Redeems by kind", help_text, QUEUE, nothing, summary, heads, table, drawing)


def _levels() -> Chart:
    found = figures.levels()
    labels, values = [band for band, _ in found], [number for _, number in found]
    nothing = "No viewer has a level yet."
    help_text = "How many viewers are at each level now."
    series = [("viewers", values)]
    return _columns("levels", "Levels", help_text, VIEWERS, nothing, "Level", labels, series, adds=True)


def _columns(
    key: str,
    title: str,
    help_text: str,
    permission: str,
    nothing: str,
    part: str,
    labels: Sequence[str],
    series: Series,
    *,
    adds: bool = False,
) -> Chart:
    """Make a chart of columns. `adds`: the parts add up to a sum."""
    drawing = svg.columns(labels, series) if any(value > 0 for _, values in series for value in values) else None
    heads = [part, *(name.capitalize() or title for name, _ in series)]
    table = [[label, *(svg.exact(values[place]) for _, values in series)] for place, label in enumerate(labels)]
    summary = "; ".join(_summary(labels, name, values, adds=adds) for name, values in series) if drawing else ""
    return Chart(key, title, help_text, permission, nothing, f"{summary}.", heads, table, drawing)


def _summary(labels: Sequence[str], name: str, values: Sequence[float], *, adds: bool) -> str:
    place = max(range(len(values)), key=values.__getitem__)
    most = f"the most {svg.exact(values[place])} ({labels[place]})"
    return f"{name} {svg.exact(sum(values))} in all, {most}".strip() if adds else f"{name} {most}".strip()


def _a_minute(span: Span, count: Sequence[int]) -> list[float]:
    """Return events a minute; of the part that is not over, of its minutes until now."""
    now = timezone.now()
    ends = [min(end, max(now, begin)) for begin, end in zip(span.edges, span.edges[1:], strict=False)]
    minutes = [max((end - begin).total_seconds() / 60, 1) for begin, end in zip(span.edges, ends, strict=False)]
    return [number / lasted for number, lasted in zip(count, minutes, strict=True)]
