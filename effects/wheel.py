"""The prize wheel: what can be won, a prize drawn by weight and stored, and how often each was drawn."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from django.db import transaction
from django.db.models import Count, F

from economy.models import Viewer
from effects.models import Prize, QueueItem, Spin, WheelLine
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.steps import leaves

log = logging.getLogger("wheel")


class Weighted(Protocol):
    """What is drawn by its weight: a prize, or a choice of effects."""

    @property
    def weight(self) -> int: ...


W = TypeVar("W", bound=Weighted)

LINES: dict[WheelLine.When, str] = {
    WheelLine.When.SPIN: "{user} spins the wheel!",
    WheelLine.When.PRIZE: "{user} wins {prize}!",
}
# The prizes of a first start: name, weight, colour, effects.
PRIZES: tuple[tuple[str, int, str, list[dict[str, Any]]], ...] = (
    ("10 points", 40, "#5c6bc0", [{"kind": "grant_points", "points": 10}]),
    ("50 points", 25, "#26a69a", [{"kind": "grant_points", "points": 50}]),
    ("A fanfare", 15, "#ffa726", [{"kind": "play_sound", "sound": "fanfare"}]),
    ("Another spin", 10, "#ec407a", [{"kind": "spin_wheel"}]),
    ("250 points", 6, "#ab47bc", [{"kind": "grant_points", "points": 250}]),
    ("50 XP", 4, "#8d6e63", [{"kind": "grant_xp", "xp": 50}]),
)
# How many of the latest draws the shares are counted from.
SHARE_DRAWS = 10_000

NOTHING_TO_WIN = phrases.refusal("wheel.nothing_to_win", "there is nothing to win on the wheel at the moment")
NO_PRIZE_LEFT = phrases.refusal("wheel.no_prize_left", "no prize is left on the wheel")


def can_be_won(prize: Prize) -> bool:
    """Return whether a prize, saved or not, is on the wheel: enabled, and in stock."""
    return prize.enabled and prize.stock != 0


def winnable(viewer: Viewer | None) -> list[Prize]:
    """Return the prizes that `viewer` could win now: enabled, in stock, and below the viewer's limit.

    None stands for a spin without a viewer: no limits apply. Nor do they to one who is not stored yet. Where nothing
    but another spin could be won, which would never end, there are none.
    """
    prizes = _within_limits(viewer, [prize for prize in Prize.objects.all() if can_be_won(prize)])
    return [] if all(map(_spins_again, prizes)) else prizes


def _spins_again(prize: Prize) -> bool:
    return bool(prize.effects) and all(step.get("kind") == "spin_wheel" for step in leaves(prize.effects))


def _within_limits(viewer: Viewer | None, prizes: list[Prize]) -> list[Prize]:
    limited = [prize.pk for prize in prizes if prize.per_viewer_limit is not None]
    if viewer is None or viewer.pk is None or not limited:
        return prizes
    rows = Spin.objects.filter(viewer=viewer, prize__in=limited).order_by().values_list("prize")
    won = dict(rows.annotate(times=Count("id")))
    return [
        prize for prize in prizes if prize.per_viewer_limit is None or won.get(prize.pk, 0) < prize.per_viewer_limit
    ]


def draw(item: QueueItem) -> Spin:
    """Return the spin of a queue item: drawn by the first call, the same for every later one.

    Raise Failed if no prize is left.
    """
    with transaction.atomic():
        # Draws take turns by this lock, so that two of them can't both win the last piece of a stock.
        list(Prize.objects.select_for_update().order_by("pk").values_list("pk"))
        drawn: Spin | None = Spin.objects.filter(item=item).first()
        if drawn is not None:
            return drawn
        prizes = winnable(item.viewer)
        if not prizes:
            raise Failed(NO_PRIZE_LEFT())
        prize = pick(prizes)
        if prize.stock is not None:
            Prize.objects.filter(pk=prize.pk).update(stock=F("stock") - 1)
        spin = spin_of(item, prize, prizes)
        spin.save(force_insert=True)
    log.info("drew %s for %s", prize.name, item.viewer or "nobody")
    return spin


def spin_of(item: QueueItem, prize: Prize, prizes: list[Prize]) -> Spin:
    """Return the spin of a queue item that won `prize` of `prizes`; it is not stored."""
    return Spin(
        item=item,
        viewer=item.viewer,
        prize=prize,
        prize_name=prize.name,
        effects=prize.effects,
        line=prize.line,
        odds=[{"id": row.pk, "name": row.name, "weight": row.weight, "colour": row.colour} for row in prizes],
    )


def pick(weighted: Sequence[W]) -> W:
    """Return one of them, each with the chance of its weight divided by the sum of weights."""
    ticket = secrets.randbelow(sum(each.weight for each in weighted))
    for each in weighted:
        ticket -= each.weight
        if ticket < 0:
            return each
    raise AssertionError("a ticket beyond all weights")


def odds(viewer: Viewer | None = None) -> list[tuple[str, float]]:
    """Return (prize, its chance from 0 to 1) of what `viewer` can win now, the likeliest first."""
    prizes = winnable(viewer)
    rows = [(prize.name, chance) for prize, chance in zip(prizes, chances(prizes), strict=True)]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def chances(prizes: Sequence[Prize]) -> list[float]:
    """Return the chance, from 0 to 1, of each of `prizes`, saved or not: that of `pick` among those that can be won."""
    weights = [prize.weight if can_be_won(prize) else 0 for prize in prizes]
    total = sum(weights) or 1
    return [weight / total for weight in weights]


@dataclass(frozen=True, slots=True)
class Share:
    """How often a prize was drawn: the number, its share of all draws, and the share expected by its odds."""

    prize: str
    drawn: int
    share: float
    expected: float

    @property
    def percent(self) -> str:
        """The share as a text like `12.50%`."""
        return f"{self.share:.2%}"

    @property
    def percent_expected(self) -> str:
        """The expected share as a text."""
        return f"{self.expected:.2%}"


def shares() -> list[Share]:
    """Return the shares in the last SHARE_DRAWS draws. Expected is by each draw's own odds, not those of today."""
    drawn: Counter[str] = Counter()
    expected: dict[str, float] = {}
    count = 0
    for name, odds_then in Spin.objects.order_by("-id").values_list("prize_name", "odds")[:SHARE_DRAWS]:
        count += 1
        drawn[name] += 1
        total = sum(segment["weight"] for segment in odds_then) or 1
        for segment in odds_then:
            expected[segment["name"]] = expected.get(segment["name"], 0.0) + segment["weight"] / total
    rows = [Share(name, drawn[name], drawn[name] / count, part / count) for name, part in expected.items()]
    return sorted(rows, key=lambda row: -row.expected)


def seed() -> None:
    """Create the rows of a first start. What the streamer changed or deleted stays so."""
    # Spins without prizes: the streamer deleted them all.
    if not Prize.objects.exists() and not Spin.objects.exists():
        Prize.objects.bulk_create(
            Prize(name=name, weight=weight, colour=colour, effects=effects) for name, weight, colour, effects in PRIZES
        )
    if not WheelLine.objects.exists():
        WheelLine.objects.bulk_create(WheelLine(when=when, text=text) for when, text in LINES.items())
