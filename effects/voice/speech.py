"""Where speech comes from, and how each source begins at a first start."""

from __future__ import annotations

from effects.models import SpeechSource

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
