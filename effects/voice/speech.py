"""Speech as a value: for whoever wants something said on the stream."""

from __future__ import annotations

from typing import Any

from effects.models import SpeechSource
from effects.registry import MAX_TITLE, Effect

MAX_TEXT = 1000
SOURCES = {"redeem": "{user} said:", "level": "", "tip": "", "wheel": "", "system": ""}
"""Where speech comes from, and how a first start has it begin."""


def speak(text: str, *, source: str = "system", **style: Any) -> Effect:
    """The effect that says `text` aloud. `source` (redeem, level, tip, system) chooses how it begins; `style`: voice,
    rate, volume, where they differ from the settings.
    """
    return Effect("speak", {"text": text[:MAX_TEXT], "source": source, **style}, title=text[:MAX_TITLE])


def seed() -> None:
    """Make the rows of a first start. What the streamer changed stays."""
    rows = [SpeechSource(name=name, prefix=prefix, silent=name == "wheel") for name, prefix in SOURCES.items()]
    SpeechSource.objects.bulk_create(rows, ignore_conflicts=True)
