"""The wheel as the dashboard draws it beside a form: with what the form holds, saved or not, among the saved prizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django import forms

from effects import wheel
from effects.models import Prize

# What a prize's slice is made of.
FIELDS = ("name", "weight", "colour", "stock", "enabled")
RADIUS = 100
LABEL_CHARS = 22
# What a label has between the rim and the middle, in units of the drawing, and the width of letters for their size:
# of most, of capitals, and of those that are as wide as high.
LABEL_SPACE = 82
LETTER, CAPITAL, WIDE_LETTER = 0.66, 0.8, 1.1
# Degrees: in a narrower slice, the name can't be read.
MIN_LABELLED = 4.0


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice of the drawing. `path` is "" where it is the whole circle; `turn`: its label's, in degrees."""

    path: str
    colour: str
    ink: str
    label: str
    turn: float
    size: float
    says: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the legend: the chance with what the form holds, and the chance that holds until it is saved."""

    name: str
    colour: str
    chance: str
    now: str
    is_own: bool

    @property
    def is_changed(self) -> bool:
        """Return whether saving changes the chance."""
        return self.chance != self.now


@dataclass(frozen=True, slots=True)
class Preview:
    """The drawing, its legend, and a sentence for each field that could not be drawn."""

    slices: list[Slice]
    rows: list[Row]
    mistakes: list[str]

    @property
    def own(self) -> Row | None:
        """Return the line of the prize whose form this is."""
        return next((row for row in self.rows if row.is_own), None)


def preview(changed: Iterable[forms.ModelForm[Prize]] = (), *, own: Prize | None = None, new: bool = False) -> Preview:
    """Return the wheel with the prizes of the forms as they stand there, and all others as they are saved.

    `own`: the prize whose form it is; where it is `new`, it comes last.
    """
    changed = list(changed)
    mistakes = [sentence for form in changed for sentence in _drawable(form)]
    saved = list(Prize.objects.all())
    now = dict(zip((prize.pk for prize in saved), map(_percent, wheel.chances(saved)), strict=True))
    replaced = {form.instance.pk: form.instance for form in changed if form.instance.pk}
    prizes = [replaced.get(prize.pk, prize) for prize in saved]
    if own is not None and new:
        prizes.append(own)
    chances = wheel.chances(prizes)
    rows = [
        Row(
            prize.name or "this prize",
            prize.colour,
            _percent(chance),
            now.get(prize.pk, _percent(0)),
            own is not None and prize.pk == own.pk,
        )
        for prize, chance in zip(prizes, chances, strict=True)
    ]
    return Preview(list(_slices(prizes, chances)), rows, mistakes)


def _drawable(form: forms.ModelForm[Prize]) -> Iterator[str]:
    """Put back in the form's row what was not changed or has a mistake; yield a sentence for each mistake."""
    unsaved = Prize()
    for name in set(FIELDS).intersection(form.fields):
        errors = [str(sentence) for sentence in form.errors.get(name, ())]
        if errors or name not in form.changed_data:
            # The stock of a form that did not change it is the saved one, which may have been sold from meanwhile.
            setattr(form.instance, name, form.initial.get(name, getattr(unsaved, name)))
        if errors and name != "name":  # a name that is not typed yet is no news
            yield f"{form.fields[name].label}: {' '.join(errors)}"


def _percent(chance: float) -> str:
    return f"{chance:.2%}" if chance else "none"


def _slices(prizes: Sequence[Prize], chances: Sequence[float]) -> Iterator[Slice]:
    begin = 0.0
    for prize, chance in zip(prizes, chances, strict=True):
        if not chance:
            continue
        end = begin + 360 * chance
        name = prize.name or "this prize"
        yield Slice(
            path="" if end - begin >= 359.99 else _path(begin, end),
            colour=prize.colour,
            ink=ink(prize.colour),
            label=_short(name) if end - begin >= MIN_LABELLED else "",
            turn=round((begin + end) / 2 - 90, 2),
            size=round(max(3.3, min(10, (end - begin) * 0.9, LABEL_SPACE / _width(_short(name)))), 1),
            says=f"{name}: {_percent(chance)}",
        )
        begin = end


def _path(begin: float, end: float) -> str:
    large = 1 if end - begin > 180 else 0
    return f"M 0 0 L {_point(begin)} A {RADIUS} {RADIUS} 0 {large} 1 {_point(end)} Z"


def _point(degrees: float) -> str:
    radians = math.radians(degrees - 90)  # 0 is at the top, as on the overlay
    return f"{RADIUS * math.cos(radians):.3f} {RADIUS * math.sin(radians):.3f}"


def _width(label: str) -> float:
    return sum(map(_letter_width, label))


def _letter_width(letter: str) -> float:
    if letter in "MW@%" or letter >= "\u2e80":  # Chinese, Japanese and Korean, and pictures
        return WIDE_LETTER
    return CAPITAL if letter.isupper() else LETTER


def _short(name: str) -> str:
    return name if len(name) <= LABEL_CHARS else f"{name[: LABEL_CHARS - 1]}…"


def ink(colour: str) -> str:
    """Return black or white, whichever is read more easily on `colour`: the contrast is 4.5 to 1 or more on any."""
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, colour))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours like #7c4dff, from 1 to 21, as WCAG 2 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
