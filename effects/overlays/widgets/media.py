"""Pictures and videos of the streamer's."""

from __future__ import annotations

from typing import Any

from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget


@widget(
    "media",
    title="Pictures and videos",
    box=Box(0, 0, 100, 100),
    vertical=Box(0, 0, 100, 100),
    order=18,
    plays=("media",),
    sounds=True,
    at_first=True,
)
def media(options: Options, screen: OnScreen) -> dict[str, Any]:
    """Return nothing: it shows what the queue plays."""
    return {}
