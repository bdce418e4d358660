"""The latest tip, follower and subscriber, and the largest tip of the stream."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

from pydantic import Field

from effects.overlays import facts
from effects.overlays.facts import Fact
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget

What = Literal["tip", "top_tip", "follower", "subscriber"]
KINDS: dict[str, tuple[str, ...]] = {
    "tip": ("tipped",),
    "top_tip": ("tipped",),
    "follower": ("followed",),
    "subscriber": ("subscribed", "resubscribed", "gifted_subscriptions"),
}
LABELS = {"tip": "Latest tip", "top_tip": "Top tip", "follower": "Latest follower", "subscriber": "Latest subscriber"}
# Tips that are looked through for the largest.
MOST = 500


class Latest(Options):
    """Which of them, in this order."""

    show: list[What] = Field(default=["tip", "top_tip", "follower", "subscriber"], max_length=4)


def _stamp(options: Latest) -> Hashable:
    return facts.mark()


@widget(
    "latest",
    title="Latest and top",
    box=Box(2, 84.5, 60, 9),
    vertical=Box(3, 89, 94, 6.5),
    options=Latest,
    stamp=_stamp,
    every=1,
)
def latest(options: Latest, screen: OnScreen) -> dict[str, Any]:
    """Return the label, name and amount of each that there is."""
    found = [(what, _fact(what)) for what in options.show]
    return {
        "cells": [
            {"kind": what, "label": LABELS[what], "name": screen.name(fact.username), "tokens": fact.tokens}
            for what, fact in found
            if fact is not None
        ]
    }


def _fact(what: What) -> Fact | None:
    if what == "top_tip":
        return max(facts.latest(KINDS[what], MOST, facts.stream_began()), key=lambda fact: fact.tokens, default=None)
    return next(iter(facts.latest(KINDS[what], 1)), None)
