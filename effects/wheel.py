"""The prize wheel: drawn by weight, stored with the odds of the moment before anything is shown, paid once."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, F
from django.utils import timezone

from economy.models import Viewer
from effects import chat, sounds
from effects.models import Prize, QueueItem, Spin, WheelLine
from effects.queue import items
from effects.registry import OverlayTask
from effects.settings_table import QueueSettings
from effects.values import speak
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.steps import filled, planned
from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("wheel")

LINES: dict[WheelLine.When, str] = {
    WheelLine.When.SPIN: "{user} spins the wheel!",
    WheelLine.When.PRIZE: "{user} wins {prize}!",
}
PRIZES: tuple[tuple[str, int, str, list[dict[str, Any]]], ...] = (
    ("10 points", 40, "#5c6bc0", [{"kind": "grant_points", "points": 10}]),
    ("50 points", 25, "#26a69a", [{"kind": "grant_points", "points": 50}]),
    ("A fanfare", 15, "#ffa726", [{"kind": "play_sound", "sound": "fanfare"}]),
    ("Another spin", 10, "#ec407a", [{"kind": "spin_wheel"}]),
    ("250 points", 6, "#ab47bc", [{"kind": "grant_points", "points": 250}]),
    ("50 XP", 4, "#8d6e63", [{"kind": "grant_xp", "xp": 50}]),
)
"""The rows of a first start."""


def winnable(viewer: Viewer | None) -> list[Prize]:
    """The prizes that `viewer` could win now: switched on, in stock, and not won too often."""
    prizes = list(Prize.objects.filter(enabled=True).exclude(stock=0))
    limited = [prize.pk for prize in prizes if prize.per_viewer_limit is not None]
    if viewer is None or not limited:
        return prizes
    rows = Spin.objects.filter(viewer=viewer, prize__in=limited).order_by().values_list("prize")
    won = dict(rows.annotate(times=Count("id")))
    return [
        prize for prize in prizes if prize.per_viewer_limit is None or won.get(prize.pk, 0) < prize.per_viewer_limit
    ]


def draw(item: QueueItem) -> Spin:
    """The spin of a queue item: drawn at the first call, the same ever after. Raises Failed where no prize is left."""
    with transaction.atomic():
        # Whoever draws holds the prizes, so that stock and limits are those of this very moment.
        list(Prize.objects.select_for_update().order_by("pk").values_list("pk"))
        drawn: Spin | None = Spin.objects.filter(item=item).first()
        if drawn is not None:
            return drawn
        prizes = winnable(item.viewer)
        if not prizes:
            raise Failed("no prize is left on the wheel")
        prize = pick(prizes)
        if prize.stock is not None:
            Prize.objects.filter(pk=prize.pk).update(stock=F("stock") - 1)
        spin = Spin.objects.create(
            item=item,
            viewer=item.viewer,
            prize=prize,
            prize_name=prize.name,
            effects=prize.effects,
            line=prize.line,
            odds=[{"id": row.pk, "name": row.name, "weight": row.weight, "colour": row.colour} for row in prizes],
        )
    log.info("drew %s for %s", prize.name, item.viewer or "nobody")
    return spin


def pick(prizes: list[Prize]) -> Prize:
    """One of `prizes`, each with a chance of its weight by the sum of all."""
    ticket = secrets.randbelow(sum(prize.weight for prize in prizes))
    for prize in prizes:
        ticket -= prize.weight
        if ticket < 0:
            return prize
    raise AssertionError("a ticket beyond all weights")


def give(item: QueueItem) -> None:
    """Give the winner what was drawn, once; in the transaction that ends the item."""
    spin = Spin.objects.select_related("viewer").filter(item=item).first()
    if spin is None or not Spin.objects.filter(pk=spin.pk, paid_at=None).update(paid_at=timezone.now()):
        return
    words = {"user": spin.viewer.username if spin.viewer else "somebody", "prize": spin.prize_name}
    if spin.line:
        _say(filled(spin.line, words), spin.viewer, spoken=True)
    else:
        say(WheelLine.When.PRIZE, words, spin.viewer)
    for effect in planned(spin.effects, words):
        items.enqueue_known(effect, viewer=spin.viewer, part_of=f"the prize {spin.prize_name}")
    after_commit(log.info, "%s won %s", words["user"], spin.prize_name)


def say(when: WheelLine.When, words: dict[str, str], viewer: Viewer | None) -> None:
    """Any of the lines for this moment: in chat, and by the voice where the streamer wants that."""
    rows = list(WheelLine.objects.filter(when=when, enabled=True))
    if not rows:
        return
    row = secrets.choice(rows)
    _say(filled(row.text, words), viewer, spoken=row.spoken)


def _say(text: str, viewer: Viewer | None, *, spoken: bool) -> None:
    if spoken:
        items.enqueue(speak(text, source="wheel"), viewer=viewer)
    chat.say(text)


def task(spin: Spin) -> OverlayTask:
    """Return what the overlays show of `spin`: the wheel, turning to the prize that was drawn."""
    rules = QueueSettings.current()
    found = {name: sounds.named(f"wheel-{name}") for name in ("start", "loop", "win")}
    message = {
        "type": "wheel",
        "slices": spin.odds,
        "prize": next(place for place, segment in enumerate(spin.odds) if segment["name"] == spin.prize_name),
        "prize_name": spin.prize_name,
        "user": spin.viewer.username if spin.viewer else "",
        "seconds": rules.wheel_spin_seconds,
        "hold": rules.wheel_hold_seconds,
        "sounds": {name: sounds.address(sound) for name, sound in found.items() if sound},
        "volumes": {name: sounds.volume(sound) for name, sound in found.items() if sound},
    }
    return OverlayTask(message, seconds=seconds())


def seconds() -> float:
    """Return how long a spin takes on the overlay: the turning, and the prize in view."""
    rules = QueueSettings.current()
    return rules.wheel_spin_seconds + rules.wheel_hold_seconds


def odds(viewer: Viewer | None = None) -> list[tuple[str, float]]:
    """(prize, its chance from 0 to 1) of what can be won now, the likeliest first."""
    prizes = winnable(viewer)
    total = sum(prize.weight for prize in prizes)
    rows = [(prize.name, prize.weight / total) for prize in prizes]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


@dataclass(frozen=True, slots=True)
class Share:
    """How often a prize was drawn, as a number and a part of all draws, and the part that its odds let expect."""

    prize: str
    drawn: int
    share: float
    expected: float

    @property
    def percent(self) -> str:
        """The share, to be read."""
        return f"{self.share:.2%}"

    @property
    def percent_expected(self) -> str:
        """What was to be expected, to be read."""
        return f"{self.expected:.2%}"


def shares() -> list[Share]:
    """Of the last SHARED draws: each draw's own odds count, whatever they are now."""
    drawn: Counter[str] = Counter()
    expected: dict[str, float] = {}
    count = 0
    for name, odds_then in Spin.objects.order_by("-id").values_list("prize_name", "odds")[:SHARED]:
        count += 1
        drawn[name] += 1
        total = sum(segment["weight"] for segment in odds_then) or 1
        for segment in odds_then:
            expected[segment["name"]] = expected.get(segment["name"], 0.0) + segment["weight"] / total
    rows = [Share(name, drawn[name], drawn[name] / count, part / count) for name, part in expected.items()]
    return sorted(rows, key=lambda row: -row.expected)


SHARED = 10_000


def seed() -> None:
    """Make the rows of a first start. What the streamer changed, or deleted, stays so."""
    if not Prize.objects.exists() and not Spin.objects.exists():
        Prize.objects.bulk_create(
            Prize(name=name, weight=weight, colour=colour, effects=effects) for name, weight, colour, effects in PRIZES
        )
    if not WheelLine.objects.exists():
        WheelLine.objects.bulk_create(WheelLine(when=when, text=text) for when, text in LINES.items())
