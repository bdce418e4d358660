"""Text as it is typed → text as it is said. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LINK = "link"
MOST_ALIKE = 2
"""Of the same character in a row; more are a shout, not a word."""
MOST_WORDS_ALIKE = 3

_DOMAIN = r"\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|tv|gg|io|me|xxx|live)\b(?:/\S*)?"
_URL = re.compile(rf"\b(?:https?://|www\.)\S+|{_DOMAIN}", re.I)
_MARKUP = re.compile(r"</?[a-z][^<>]*>|[*_~`|]{1,3}", re.I)
_EMOTE = re.compile(r":[a-z0-9_+-]{2,40}:", re.I)
_ALIKE = re.compile(r"(.)\1{2,}", re.S)
_WORDS_ALIKE = re.compile(rf"\b(\w+)(?:\W+\1\b){{{MOST_WORDS_ALIKE},}}", re.I)
_SPOKEN_MARKS = set("$€£%&+=@#/")


def speakable(text: str, *, filters: Iterable[tuple[str, str]] = (), most: int = 300) -> str:
    """`text` without what nobody wants to hear, at most `most` characters, cut between words.

    `filters`: (word, what is said instead), in any case, whole words. Links become the word “link”.
    """
    text = unicodedata.normalize("NFKC", text)
    text = _EMOTE.sub(" ", _URL.sub(f" {LINK} ", text))
    text = _MARKUP.sub(" ", text)
    text = "".join(character if _is_said(character) else " " for character in text)
    for word, instead in filters:
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", instead.replace("\\", r"\\"), text, flags=re.I)
    text = _ALIKE.sub(_fewer, text)
    text = _WORDS_ALIKE.sub(lambda found: " ".join([found[1]] * MOST_WORDS_ALIKE), text)
    return shortened(" ".join(text.split()), most)


def _is_said(character: str) -> bool:
    """Letters, digits, punctuation, currency: yes. Emoji, control characters, boxes: no."""
    category = unicodedata.category(character)
    return category[0] in "LNPMZ" or category == "Sc" or character in _SPOKEN_MARKS


def _fewer(found: re.Match[str]) -> str:
    character = found[1]
    return found[0] if character.isdigit() else character * (MOST_ALIKE if character.isalpha() else 1)


def shortened(text: str, most: int) -> str:
    """At most `most` characters, cut between words where there are any."""
    if len(text) <= most:
        return text
    cut = text.rfind(" ", 0, most + 1)
    return text[: cut if cut > 0 else most]


def spoken_name(name: str) -> str:
    """A username as one would say it: `xX_Foxy_99` → `xX Foxy 99`; long numbers digit by digit; no letter thrice."""
    words = re.findall(r"\d+|[^\W\d_]+", name)
    said = [" ".join(word) if word.isdigit() and len(word) > 4 else word for word in words]
    return _ALIKE.sub(_fewer, " ".join(said)) or name
