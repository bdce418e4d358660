"""What widgets ask the floor above for: what happened on the channel, which `joystick` stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from django.utils import timezone

from pixelbot_site.kit.hooks import Hook


@dataclass(frozen=True, slots=True)
class Fact:
    """An event that was stored. `more`: what its kind has besides, as in the overlays' events."""

    uid: str
    kind: str
    username: str
    text: str
    tokens: int
    at: datetime
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tipper:
    """A viewer and the tokens that they gave."""

    username: str
    tokens: int


event_mark = Hook[[], int]("event_mark", __name__, "Return a number that grows with each event that is stored.")
latest_facts = Hook[[Sequence[str], int, datetime | None], list[Fact]](
    "latest_facts", __name__, "Return the newest events of these kinds, so many at most, since a moment, newest first."
)
counted_facts = Hook[[str, datetime | None], tuple[int, int]](
    "counted_facts", __name__, "Return how many events of a kind there were since a moment, and their tokens."
)
top_tippers = Hook[[datetime | None, int], list[Tipper]](
    "top_tippers", __name__, "Return who gave most tokens since a moment, so many at most, the first first."
)
counter_values = Hook[[], dict[str, int]](
    "counter_values", __name__, "Return what each of the streamer's counters stands at, by its name."
)
stream_since = Hook[[], datetime | None](
    "stream_since", __name__, "Return when the stream that is on, or else the last one, began."
)


def mark() -> int:
    """Return a number that grows with each event that is stored; 0 where none is."""
    return sum(event_mark.call())


def latest(kinds: Sequence[str], limit: int, since: datetime | None = None) -> list[Fact]:
    """Return the newest events of these kinds, newest first."""
    return [fact for facts in latest_facts.call(kinds, limit, since) for fact in facts]


def counted(kinds: Sequence[str], since: datetime | None) -> tuple[int, int]:
    """Return how many events of these kinds there were since a moment, and their tokens."""
    found = [pair for kind in kinds for pair in counted_facts.call(kind, since)]
    return sum(count for count, _ in found), sum(tokens for _, tokens in found)


def tippers(since: datetime | None, limit: int) -> list[Tipper]:
    """Return who gave most tokens since a moment, the first first."""
    return [tipper for tippers in top_tippers.call(since, limit) for tipper in tippers]


def counters() -> dict[str, int]:
    """Return what each of the streamer's counters stands at, by its name."""
    return {name: number for values in counter_values.call() for name, number in values.items()}


def counter(name: str) -> int | None:
    """Return what the counter stands at, whose name may be written in any case; None where there is none."""
    return next((number for known, number in counters().items() if known.casefold() == name.casefold()), None)


def stream_began() -> datetime | None:
    """Return when the stream that is on, or else the last one, began; None before the first."""
    return next((began for began in stream_since.call() if began is not None), None)


Span = Literal["stream", "week", "month", "ever"]
_DAYS = {"week": 7, "month": 30}


def since(span: Span) -> datetime | None:
    """Return when a span began; None for ever, and for the stream before the first."""
    if span == "stream":
        return stream_began()
    return timezone.now() - timedelta(days=_DAYS[span]) if span in _DAYS else None
