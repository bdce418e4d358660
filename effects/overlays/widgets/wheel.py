"""The prize wheel."""

from __future__ import annotations

from typing import Any

from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget


@widget(
    "wheel",
    title="Wheel",
    box=Box(32, 5, 36, 78),
    vertical=Box(8, 22, 84, 50),
    order=15,
    plays=("wheel",),
    sounds=True,
    at_first=True,
)
def wheel(options: Options, screen: OnScreen) -> dict[str, Any]:
    """Return nothing: it shows what the queue plays."""
    return {}
