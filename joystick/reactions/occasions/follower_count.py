"""So many followers of the channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from joystick.protocol.events import Count
from joystick.protocol.frames import ReceivedFrame, read_frame
from joystick.reactions import visits
from joystick.reactions.kinds import Occasion, occasion

KIND = "follower_count_updated"


def _rises(made: Sequence[Occasion], now: datetime) -> list[Occasion | None]:
    """Keep the counts that are larger than the one before, each number once: somebody may follow again and again."""
    last = _last(now)
    found: list[Occasion | None] = []
    for one in made:
        number = one.words["followers"]
        assert isinstance(number, int)
        # Without a count to compare with, it is one more than before, as it mostly is.
        before = number - 1 if last is None else last
        found.append(replace(one, before=before, once=f"followers.{number}") if number > before else None)
        last = number
    return found


def _last(now: datetime) -> int | None:
    row = next(iter(visits.told_before([KIND], now)), None)
    read = read_frame(row.raw) if row is not None and row.raw else None
    event = read.event if isinstance(read, ReceivedFrame) else None
    return event.number if isinstance(event, Count) else None


@occasion(
    "follower_count",
    Count,
    only=KIND,
    title="the channel reaches a number of followers",
    words={"followers": 1000},
    amount="followers",
    has_viewer=False,
    sieve=_rises,
    once="for each number",
)
def follower_count(count: Count) -> Occasion | None:
    """Return the occasion of a number; None where the event has none."""
    return None if count.number is None else Occasion(words={"followers": count.number})
