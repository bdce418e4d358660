"""The alert box: a line in large letters, from the queue."""

from __future__ import annotations

from typing import Any

from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget


@widget(
    "alert",
    title="Alert box",
    box=Box(15, 38, 70, 22),
    vertical=Box(5, 43, 90, 12),
    order=20,
    plays=("alert",),
    at_first=True,
)
def alert(options: Options, screen: OnScreen) -> dict[str, Any]:
    """Return nothing: it shows what the queue plays."""
    return {}
