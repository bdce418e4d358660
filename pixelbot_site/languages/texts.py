"""What the bot says: the phrases of the chosen language, and the streamer's own texts, which win over them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from joystick.settings_table import ChatSettings
from pixelbot_site.kit.phrases import Book, book, phrases
from pixelbot_site.kit.stored import Stored
from pixelbot_site.models import PhraseText

FOLDER = Path(__file__).parent
# The language of the phrases in the code, which has no file.
ENGLISH = "en"


@cache
def translated(language: str) -> Mapping[str, str]:
    """Return the texts of a language by the phrases' keys; none of ENGLISH."""
    if language == ENGLISH:
        return {}
    return dict(_flat(tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))))


def _flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, str):
            yield f"{before}{name}", value
        else:
            yield from _flat(value, f"{before}{name}.")


def default(key: str) -> str:
    """Return what the bot says by itself, in the chosen language."""
    phrase = phrases.get(key)
    text = translated(ChatSettings.current().chat_language).get(key)
    return text if text is not None else phrase.text if phrase is not None else ""


def read() -> Book:
    """Return what is in force."""
    texts = {key: (text,) for key, text in translated(ChatSettings.current().chat_language).items()}
    rows = list(PhraseText.objects.exclude(text="", is_off=False))
    own = {row.key: row.variants for row in rows if row.variants}
    return Book({**texts, **own}, frozenset(row.key for row in rows if row.is_off))


def follow_rows() -> None:
    """Say what the rows tell, in this process."""
    book.use(Stored[Book](PhraseText, read, Book()))


def seed() -> None:
    """Create the missing rows of the phrases. Rows that exist keep what the streamer changed."""
    PhraseText.objects.bulk_create([PhraseText(key=key) for key in phrases], ignore_conflicts=True)
