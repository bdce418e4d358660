"""The stream's credits: who tipped, followed, subscribed, gave and raided, rolling over the screen."""

from __future__ import annotations

from typing import Any

from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget


@widget("credits", title="Credits", box=Box(20, 0, 60, 100), vertical=Box(5, 0, 90, 100), order=30, plays=("credits",))
def credits(options: Options, screen: OnScreen) -> dict[str, Any]:
    """Return nothing: they come from the queue, when somebody begins them."""
    return {}
