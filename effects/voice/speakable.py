"""Text as it is typed → text as it is said. Pure."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import groupby

LINK = "link"
MAX_ALIKE = 2
"""Of the same character in a row; more are a shout, not a word."""
MAX_ALIKE_WORDS = 3

# Characters of typed text that are looked at: as many as a frame of chat may have. Compatibility characters multiply
# when they are normalized (one Arabic ligature becomes 18), so the cut comes after that.
MAX_TYPED = 4000
# A longer word is looked through for a link as a whole: the expressions below take time by the square of its length.
MAX_LINK_WORD = 100

_ENDINGS = "com|net|org|tv|gg|io|me|xxx|live|ly|be|de|uk|info|app|dev|link|porn|to|cc|co"
_DOMAIN = rf"\b[\w-]+(?:\.[\w-]+)*\.(?:{_ENDINGS})\b(?:/\S*)?"
_MAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_URL = re.compile(rf"\b(?:https?://|www\.)\S+|{_MAIL}|{_DOMAIN}|\b[\w-]+(?:\.[\w-]+)+/\S+", re.I)
_LIKE_A_LINK = re.compile(r"\w[.@/]\w")
_MARKUP = re.compile(r"</?[a-z][^<>]*>|[*_~`|]{1,3}", re.I)
_EMOTE = re.compile(r":(?=[0-9_+-]*[a-z])[a-z0-9_+-]{2,40}:", re.I)
_LONG_NUMBER = re.compile(r"\d{7,}")
"""Longer than any amount: a part of somebody's name."""
_MARK = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARKS = re.compile(f"({_MARK}{{2}}){_MARK}+")
_ALIKE = re.compile(r"(.)\1{2,}", re.S)
_WORDS_ALIKE = re.compile(rf"\b(\w+)(?:\W+\1\b){{{MAX_ALIKE_WORDS},}}", re.I)
_SPOKEN_MARKS = set("$€£%&+=@#/")


def speakable(text: str, *, filters: Iterable[tuple[str, str]] = (), most: int = 300) -> str:
    """`text` without what nobody wants to hear, at most `most` characters, cut between words.

    `filters`: (word, what is said instead), in any case, whole words. Links become the word “link”.
    """
    filters = list(filters)
    text = unicodedata.normalize("NFKC", visible(html.unescape(text[:MAX_TYPED])))[:MAX_TYPED]
    text = filtered(text, filters)
    text = _EMOTE.sub(" ", _without_links(text, f" {LINK} "))
    text = _MARKUP.sub(" ", text)
    text = "".join(character if _is_said(character) else " " for character in text)
    text = filtered(text, filters)  # once more: what stood between its letters is gone
    text = _LONG_NUMBER.sub(lambda found: " ".join(found[0]), text)
    text = _ALIKE.sub(_fewer, text)
    text = _WORDS_ALIKE.sub(lambda found: " ".join([found[1]] * MAX_ALIKE_WORDS), text)
    return shortened(" ".join(text.split()), most)


def shown(text: str, *, filters: Iterable[tuple[str, str]] = ()) -> str:
    """`text` as it may stand on the stream: filtered words and links replaced, nothing that is invisible, turns the
    direction, or piles up over other lines.
    """
    return _without_links(filtered(visible(text[:MAX_TYPED]), filters), LINK).strip()


def _without_links(text: str, instead: str) -> str:
    return re.sub(r"\S+", lambda word: _without_links_in(word[0], instead), text)


def _without_links_in(word: str, instead: str) -> str:
    if len(word) <= MAX_LINK_WORD:
        return _URL.sub(instead, word)
    return instead if _LIKE_A_LINK.search(word) else word


def visible(text: str) -> str:
    """Without control and format characters, and with two marks over a letter at most."""
    instead = {"Cc": " ", "Cf": ""}
    kept = (instead.get(unicodedata.category(character), character) for character in text)
    return _MARKS.sub(r"\1", "".join(kept))


def filtered(text: str, filters: Iterable[tuple[str, str]]) -> str:
    """With each filtered word replaced, in any case, also where its letters are drawn out: `shiiit` is `shit`."""
    for word, instead in filters:
        pattern = _drawn_out(word)
        if pattern:
            text = re.sub(rf"(?<!\w){pattern}(?!\w)", instead.replace("\\", r"\\"), text, flags=re.I)
    return text


@cache
def _drawn_out(word: str) -> str:
    """The expression for `word`, any space in it, and each letter as often as there, or more."""
    parts = []
    # Grouped in any case: `aA` as two groups would be tried in every way to divide a long run of the letter.
    for character, alike in groupby(" ".join(unicodedata.normalize("NFKC", word).split()), key=str.lower):
        times = len(list(alike))
        parts.append(r"\s+" if character == " " else f"{re.escape(character)}{{{times},}}")
    return "".join(parts)


def _is_said(character: str) -> bool:
    """Letters, digits, punctuation, currency: yes. Emoji, control characters, boxes: no."""
    category = unicodedata.category(character)
    return category[0] in "LNPMZ" or category == "Sc" or character in _SPOKEN_MARKS


def _fewer(found: re.Match[str]) -> str:
    character = found[1]
    return found[0] if character.isdigit() else character * (MAX_ALIKE if character.isalpha() else 1)


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
