"""Confetti over the whole screen."""

from __future__ import annotations

from typing import Any

from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget


@widget(
    "confetti",
    title="Confetti",
    box=Box(0, 0, 100, 100),
    vertical=Box(0, 0, 100, 100),
    order=30,
    plays=("confetti",),
    at_first=True,
)
def confetti(options: Options, screen: OnScreen) -> dict[str, Any]:
    """Return nothing: it shows what the queue plays."""
    return {}
