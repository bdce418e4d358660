"""Where speech comes from: the rows of a first start, and how long a text may be."""

from __future__ import annotations

from effects.models import SpeechSource

MAX_TEXT = 1000
SOURCES = {"redeem": "{user} said:", "level": "", "tip": "", "wheel": "", "system": ""}
"""Where speech comes from, and how a first start has it begin."""


def seed() -> None:
    """Make the rows of a first start. What the streamer changed stays."""
    rows = [SpeechSource(name=name, prefix=prefix, silent=name == "wheel") for name, prefix in SOURCES.items()]
    SpeechSource.objects.bulk_create(rows, ignore_conflicts=True)
