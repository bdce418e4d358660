"""A countdown to a moment, or a subathon whose end moves with tips and subscriptions.

What is stored is the end's moment, or what it is counted from: a restart loses no second.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from effects.overlays import facts
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget

SUBATHON = ("subathon_started", "subathon_extended", "subathon_ended")
TIPS = ("tipped", "wheel_spin_claimed")
SUBSCRIPTIONS = ("subscribed", "resubscribed")


class Countdown(Options):
    """`until`: a moment, as 2026-08-01T20:00+02:00. `joystick`: Joystick's own subathon.

    `subathon`: one's own. It ends `minutes` after `begins`, and later by so many seconds for each token and each
    subscription since then, but at the latest `most_hours` after it began.
    """

    kind: Literal["until", "joystick", "subathon"] = "until"
    title: str = Field("", max_length=80)
    over: str = Field("It is time!", max_length=80)
    until: datetime | None = None
    begins: datetime | None = None
    minutes: float = Field(60, ge=0, le=100_000)
    seconds_per_token: float = Field(1, ge=0, le=3600)
    seconds_per_subscription: float = Field(300, ge=0, le=86_400)
    most_hours: float = Field(24, ge=0.1, le=1000)


def _stamp(options: Countdown) -> Hashable:
    return 0 if options.kind == "until" else facts.mark()


@widget(
    "countdown",
    title="Countdown",
    box=Box(40, 15, 20, 12),
    vertical=Box(3, 11, 43, 8.5),
    options=Countdown,
    stamp=_stamp,
    every=1,
)
def countdown(options: Countdown, screen: OnScreen) -> dict[str, Any]:
    """Return the title, and the end as a moment; None where there is none."""
    end = _end(options)
    return {
        "title": screen.text(options.title),
        "over": screen.text(options.over),
        "end": end.isoformat() if end else None,
    }


def _end(options: Countdown) -> datetime | None:
    if options.kind == "until":
        return options.until
    if options.kind == "joystick":
        return _of_joystick()
    if options.begins is None:
        return None
    tokens, subscriptions = facts.counted(TIPS, options.begins)[1], facts.counted(SUBSCRIPTIONS, options.begins)[0]
    seconds = tokens * options.seconds_per_token + subscriptions * options.seconds_per_subscription
    end = options.begins + timedelta(minutes=options.minutes, seconds=seconds)
    return min(end, options.begins + timedelta(hours=options.most_hours))


def _of_joystick() -> datetime | None:
    for fact in facts.latest(SUBATHON, 20):
        if fact.kind == "subathon_ended":
            return None
        if "expires_at" in fact.more:
            return datetime.fromisoformat(fact.more["expires_at"])
    return None
