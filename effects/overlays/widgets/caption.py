"""The caption of what the voice says: who said it, and the words as they are spoken."""

from __future__ import annotations

from typing import Any

from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget


@widget(
    "caption",
    title="Caption",
    box=Box(12, 66, 76, 27),
    vertical=Box(4, 55.5, 92, 14),
    order=10,
    plays=("speak",),
    sounds=True,
    at_first=True,
)
def caption(options: Options, screen: OnScreen) -> dict[str, Any]:
    """Return nothing: it shows what the queue plays."""
    return {}
