"""Figures of the stream: how long it is on, viewers, tips, followers, subscriptions."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

from pydantic import Field

from effects.overlays import facts
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget
from effects.overlays.stream_figures import figures

Figure = Literal["time", "viewers", "tips", "tokens", "followers", "subscriptions"]


class Stats(Options):
    """Which figures, in this order."""

    show: list[Figure] = Field(default=["time", "viewers", "tokens", "followers"], max_length=6)


def _stamp(options: Stats) -> Hashable:
    return facts.mark()


@widget(
    "stats",
    title="Stream figures",
    box=Box(2, 11, 26, 15),
    vertical=Box(48, 11, 49, 8.5),
    options=Stats,
    stamp=_stamp,
    every=2,
)
def stats(options: Stats, screen: OnScreen) -> dict[str, Any]:
    """Return the figures, and since when the stream is on."""
    began = facts.stream_began()
    found = figures()
    cells = [{"kind": kind, "label": kind, "number": found.get(kind)} for kind in options.show]
    return {"began": began.isoformat() if began else None, "cells": cells}
