"""The alert box: lines in large letters, from the queue, each in its design and at its place in the box."""

from __future__ import annotations

from typing import Any

from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget


@widget(
    "alert",
    title="Alert box",
    box=Box(0, 0, 100, 100),
    vertical=Box(0, 0, 100, 100),
    order=20,
    plays=("alert",),
    sounds=True,
    at_first=True,
)
def alert(options: Options, screen: OnScreen) -> dict[str, Any]:
    """Return nothing: it shows what the queue plays."""
    return {}
