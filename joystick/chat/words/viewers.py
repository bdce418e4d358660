"""{viewers}: how many people watch."""

from __future__ import annotations

from effects.overlays import stream_figures
from pixelbot_site.kit.words import Value, Values, word


@word("viewers", does="how many people watch", missing=lambda: 0)
def viewers(values: Values, argument: str) -> Value:
    """Return what Joystick last said in this stream; 0 before it said anything."""
    return stream_figures.viewers()
