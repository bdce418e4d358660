"""Charts as shapes: where the bars, lines and labels of a chart are. The template makes SVG of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# The drawing's own units; it is scaled to the width of the page.
WIDTH, HEIGHT = 400, 200
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 24, 24
ROW, NAME = 24, 150  # of horizontal bars: their distance, and the room for a name
MAX_BARS = 31
MAX_TICKS = 4
CHAR, GAP = 6.5, 6  # of a label: about the width of a character, and the least distance from the next
NAME_CHARS = 22


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, and what it stands for."""

    x: float
    y: float
    width: float
    height: float
    says: str
    series: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """A label. `anchor` is SVG's text-anchor."""

    x: float
    y: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Line:
    """A line through `points`."""

    points: str
    series: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything in a drawing. `grid`: the heights of the lines behind the bars; `legend`: (x, name) of each series."""

    height: int
    bars: list[Bar]
    lines: list[Line]
    grid: list[float]
    texts: list[Text]
    legend: list[tuple[int, str]]


def columns(labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]]) -> Drawing:
    """Draw bars that stand beside each other; where there are too many, lines."""
    step = nice_step(max(max(values) for _, values in series))
    most = step * math.ceil(max(max(values) for _, values in series) / step)
    ticks = [step * number for number in range(round(most / step) + 1)]
    scale = (HEIGHT - TOP - BOTTOM) / most
    slot = (WIDTH - LEFT - RIGHT) / len(labels)
    texts = [Text(LEFT - 5, _round(HEIGHT - BOTTOM - tick * scale + 3.5), short(tick), "end") for tick in ticks]
    texts += _below(labels, slot)
    drawn = len(labels) <= MAX_BARS
    return Drawing(
        HEIGHT,
        _bars(labels, series, slot, scale) if drawn else [],
        [] if drawn else [_line(values, number, slot, scale) for number, (_, values) in enumerate(series)],
        [_round(HEIGHT - BOTTOM - tick * scale) for tick in ticks],
        texts,
        [(LEFT + 100 * number, name) for number, (name, _) in enumerate(series)] if len(series) > 1 else [],
    )


def rows(labels: Sequence[str], values: Sequence[float]) -> Drawing:
    """Draw bars that lie below each other, each behind its name."""
    room = WIDTH - NAME - 45
    most = max(values)
    bars, texts = [], []
    for number, (label, value) in enumerate(zip(labels, values, strict=True)):
        y, width = number * ROW + 4, max(room * value / most, 1)
        bars.append(Bar(NAME, y, _round(width), ROW - 8, f"{label}: {exact(value)}"))
        name = label if len(label) <= NAME_CHARS else f"{label[: NAME_CHARS - 1]}…"
        texts.append(Text(NAME - 6, y + 12, name, "end"))
        texts.append(Text(_round(NAME + width + 5), y + 12, short(value), "start"))
    return Drawing(len(labels) * ROW + 4, bars, [], [], texts, [])


def nice_step(most: float) -> float:
    """Return a step of 1, 2 or 5 times a power of ten, of which MAX_TICKS reach `most`."""
    rough = most / MAX_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.9999)


def short(value: float) -> str:
    """Return a number for a label: 1.5k."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def exact(value: float) -> str:
    """Return a number for a table; of a fraction, one digit."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _bars(labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], slot: float, scale: float) -> list[Bar]:
    width = slot * 0.8 / len(series)
    return [
        Bar(
            _round(LEFT + slot * (place + 0.1) + width * number),
            _round(HEIGHT - BOTTOM - value * scale),
            _round(width),
            _round(value * scale),
            f"{labels[place]}: {exact(value)} {name}".strip(),
            number,
        )
        for number, (name, values) in enumerate(series)
        for place, value in enumerate(max(value, 0) for value in values)
        if value > 0
    ]


def _below(labels: Sequence[str], slot: float) -> list[Text]:
    """Return as many labels as have room beside each other, none of them beyond the edge."""
    width = max(len(label) for label in labels) * CHAR
    every = math.ceil((width + GAP) / slot)
    places = range(every // 2, len(labels), every)
    return [
        Text(_round(min(LEFT + slot * (place + 0.5), WIDTH - width / 2)), HEIGHT - 8, labels[place]) for place in places
    ]


def _line(values: Sequence[float], series: int, slot: float, scale: float) -> Line:
    places = [
        (LEFT + slot * (place + 0.5), HEIGHT - BOTTOM - max(value, 0) * scale) for place, value in enumerate(values)
    ]
    return Line(" ".join(f"{_round(x)},{_round(y)}" for x, y in places), series)


def _round(value: float) -> float:
    return round(value, 1)
