"""A ticker: the streamer's lines, and what happened last, moving past."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from pydantic import Field

from effects.overlays import facts
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget

KINDS = ("tipped", "followed", "subscribed", "resubscribed", "gifted_subscriptions", "stream_dropped_in")


class Ticker(Options):
    """The lines, how many of the latest events follow them, and how fast they move: widths of the widget a minute."""

    lines: list[str] = Field(default_factory=lambda: ["Welcome to the stream!"], max_length=20)
    events: int = Field(5, ge=0, le=20)
    speed: float = Field(4, ge=1, le=20)


def _stamp(options: Ticker) -> Hashable:
    return facts.mark() if options.events else 0


@widget(
    "ticker",
    title="Ticker",
    box=Box(0, 94, 100, 6),
    vertical=Box(0, 96.5, 100, 3.5),
    options=Ticker,
    stamp=_stamp,
    every=5,
)
def ticker(options: Ticker, screen: OnScreen) -> dict[str, Any]:
    """Return the lines, and of each event its text and name."""
    happened = facts.latest(KINDS, options.events, facts.stream_began()) if options.events else []
    return {
        "speed": options.speed,
        "items": [
            *({"text": screen.text(line), "name": ""} for line in options.lines),
            *({"text": screen.text(fact.text), "name": screen.name(fact.username)} for fact in happened),
        ],
    }
