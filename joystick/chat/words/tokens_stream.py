"""{tokens.stream}: how many tokens came in this stream."""

from __future__ import annotations

from effects.overlays import facts
from effects.overlays.stream_figures import TIPS
from pixelbot_site.kit.words import Value, Values, word


@word("tokens.stream", does="how many tokens came in this stream", missing=lambda: 0)
def tokens_stream(values: Values, argument: str) -> Value:
    """Return the tokens of tips and wheel spins since the stream began."""
    return facts.counted(TIPS, facts.stream_began())[1]
