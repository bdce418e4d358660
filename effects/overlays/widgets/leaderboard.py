"""A leaderboard: who has or earned most points or XP, or gave most tokens."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

from django.db.models import Max
from django.utils import timezone
from pydantic import Field

from economy.ledger.currencies import POINTS_LEDGER, XP_LEDGER
from economy.viewers import leaderboard as board
from effects.overlays import facts
from effects.overlays.facts import Span
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget

LEDGERS = {"points": POINTS_LEDGER, "xp": XP_LEDGER}
TITLES = {"stream": "tonight", "week": "this week", "month": "this month", "ever": "ever"}


class Leaderboard(Options):
    """Of what, of which time, and how many places."""

    of: Literal["points", "xp", "tokens"] = "points"
    span: Span = "stream"
    places: int = Field(5, ge=1, le=10)
    title: str = Field("", max_length=60)


def _stamp(options: Leaderboard) -> Hashable:
    if options.of == "tokens":
        return facts.mark()
    last: int | None = LEDGERS[options.of].rows.objects.aggregate(last=Max("id"))["last"]
    return last


@widget(
    "leaderboard",
    title="Leaderboard",
    box=Box(2, 30, 22, 42),
    vertical=Box(3, 25, 38, 17),
    options=Leaderboard,
    stamp=_stamp,
    every=5,
)
def leaderboard(options: Leaderboard, screen: OnScreen) -> dict[str, Any]:
    """Return the places: names and amounts."""
    places = [{"name": screen.name(name), "amount": amount} for name, amount in _places(options)]
    noun = "XP" if options.of == "xp" else options.of
    title = options.title or f"Most {noun} {TITLES[options.span]}"
    return {"title": screen.text(title), "places": places}


def _places(options: Leaderboard) -> list[tuple[str, int]]:
    since = facts.since(options.span)
    if options.of == "tokens":
        return [(tipper.username, tipper.tokens) for tipper in facts.tippers(since, options.places)]
    ledger = LEDGERS[options.of]
    if since is None:
        return [(place.username, place.amount) for place in board.richest(ledger, limit=options.places)]
    found = board.top_earners(ledger, since=since, until=timezone.now(), limit=options.places)
    return [(place.username, place.amount) for place in found]
