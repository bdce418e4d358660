"""Where speech comes from, how each source begins at a first start, and whether a text can be spoken."""

from __future__ import annotations

from effects.models import SpeechSource, WordFilter
from effects.voice.speakable import NOTHING_TO_SPEAK, speakable
from pixelbot_site.kit.errors import Refused

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


def filters() -> list[tuple[str, str]]:
    """Return the streamer's word filters: what is replaced, and by what."""
    return list(WordFilter.objects.values_list("word", "replacement"))


def require_words(text: str, *, max_chars: int) -> str:
    """Return the text as it is spoken. Raise Refused if nothing in it can be."""
    spoken = speakable(text, filters=filters(), max_chars=max_chars)
    if not any(character.isalnum() for character in spoken):
        raise Refused(NOTHING_TO_SPEAK())
    return spoken
