"""A counter of the streamer's, such as deaths: its name, and what it stands at."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from pydantic import Field

from effects.overlays import facts
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget


class Counter(Options):
    """Which counter, and what stands beside its number; blank: its name."""

    counter: str = Field("", max_length=40, description="One of your counters.", json_schema_extra={"from": "counter"})
    label: str = Field("", max_length=40, description="Blank: the counter's name.")


def _stamp(options: Counter) -> Hashable:
    return facts.counter(options.counter)


@widget(
    "counter",
    title="Counter",
    box=Box(74, 37.5, 24, 6),
    vertical=Box(53, 83.5, 44, 4.5),
    options=Counter,
    stamp=_stamp,
)
def counter(options: Counter, screen: OnScreen) -> dict[str, Any]:
    """Return the label and the number; None where there is no such counter."""
    return {"label": screen.text(options.label or options.counter), "number": facts.counter(options.counter)}
