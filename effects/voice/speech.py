"""Where speech comes from, how each source begins at a first start, and how long a text may be."""

from __future__ import annotations

from effects.models import SpeechSource

# Characters of a text that an effect may carry; TTS_MAX_CHARS, which is what is spoken, can't be set higher.
MAX_TEXT = 1000
# Each source with its prefix; {user} becomes the viewer's name.
SOURCES = {"redeem": "{user} said:", "level": "", "tip": "", "wheel": "", "system": ""}


def seed() -> None:
    """Create the missing sources; rows that exist keep what the streamer set."""
    rows = [
        # The wheel makes sounds of its own: none before its lines.
        SpeechSource(name=name, prefix=prefix, silent=name == "wheel")
        for name, prefix in SOURCES.items()
    ]
    SpeechSource.objects.bulk_create(rows, ignore_conflicts=True)
