"""Turn typed text into text to speak, or to show on the stream. Pure functions."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import groupby

from pixelbot_site.kit import phrases

NOTHING_TO_SPEAK = phrases.refusal("voice.nothing_to_speak", "there is nothing to speak in this text")
LINK = "link"
# The same letter in a row: more are a shout, not a word.
MAX_ALIKE = 2
MAX_ALIKE_WORDS = 3
# Digits of a number in a username that is still said as one number, as a year is.
MAX_NUMBER_IN_NAME = 4

# Characters of typed text that are read: as many as a frame of chat may have. Compatibility characters multiply when
# they are normalized (one Arabic ligature becomes 18), so the text is cut a second time after that.
MAX_TYPED = 4000
# A longer word is a link or not as a whole: the time of the expressions below grows with the square of its length.
MAX_LINK_WORD = 100

_ENDINGS = "com|net|org|tv|gg|io|me|xxx|live|ly|be|de|uk|info|app|dev|link|porn|to|cc|co"
_DOMAIN = rf"\b[\w-]+(?:\.[\w-]+)*\.(?:{_ENDINGS})\b(?:/\S*)?"
_MAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_URL = re.compile(rf"\b(?:https?://|www\.)\S+|{_MAIL}|{_DOMAIN}|\b[\w-]+(?:\.[\w-]+)+/\S+", re.I)
_LIKE_A_LINK = re.compile(r"\w[.@/]\w")
_MARKUP = re.compile(r"</?[a-z][^<>]*>|[*_~`|]{1,3}", re.I)
_EMOTE = re.compile(r":(?=[0-9_+-]*[a-z])[a-z0-9_+-]{2,40}:", re.I)
# Longer than any amount: a part of somebody's name, spoken digit by digit.
_LONG_NUMBER = re.compile(r"\d{7,}")
# Combining marks that stack above and below a letter.
_MARK = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARKS = re.compile(f"({_MARK}{{2}}){_MARK}+")
_ALIKE = re.compile(r"(.)\1{2,}", re.S)
_WORDS_ALIKE = re.compile(rf"\b(\w+)(?:\W+\1\b){{{MAX_ALIKE_WORDS},}}", re.I)
_SPOKEN_MARKS = set("$€£%&+=@#/")


def speakable(text: str, *, filters: Iterable[tuple[str, str]] = (), max_chars: int = 300) -> str:
    """Return `text` without emoji, markup and links, at most `max_chars` characters, cut between words.

    `filters`: pairs (word, replacement); they match whole words in any case. A link becomes the word “link”.
    """
    filters = list(filters)
    text = unicodedata.normalize("NFKC", visible(html.unescape(text[:MAX_TYPED])))[:MAX_TYPED]
    text = filtered(text, filters)
    text = _EMOTE.sub(" ", _replace_links(text, f" {LINK} "))
    text = _MARKUP.sub(" ", text)
    text = "".join(character if _is_speakable(character) else " " for character in text)
    text = filtered(text, filters)  # again: characters between the letters are gone now
    text = _LONG_NUMBER.sub(lambda match: " ".join(match[0]), text)
    text = _ALIKE.sub(_collapse, text)
    text = _WORDS_ALIKE.sub(lambda match: " ".join([match[1]] * MAX_ALIKE_WORDS), text)
    return shorten(" ".join(text.split()), max_chars)


def shown(text: str, *, filters: Iterable[tuple[str, str]] = ()) -> str:
    """Return `text` as it may be shown on the stream: filtered words and links are replaced; characters that are
    invisible or change the direction of writing, and stacks of accents, are removed.
    """
    return _replace_links(filtered(visible(text[:MAX_TYPED]), filters), LINK).strip()


def _replace_links(text: str, replacement: str) -> str:
    return re.sub(r"\S+", lambda match: _replace_links_in_word(match[0], replacement), text)


def _replace_links_in_word(word: str, replacement: str) -> str:
    if len(word) <= MAX_LINK_WORD:
        return _URL.sub(replacement, word)
    return replacement if _LIKE_A_LINK.search(word) else word


def visible(text: str) -> str:
    """Return `text` without control and format characters, and with at most two accents on a letter."""
    replacements = {"Cc": " ", "Cf": ""}
    kept = (replacements.get(unicodedata.category(character), character) for character in text)
    return _MARKS.sub(r"\1", "".join(kept))


def filtered(text: str, filters: Iterable[tuple[str, str]]) -> str:
    """Return `text` with each filtered word replaced, in any case, also with letters drawn out: `shiiit` is `shit`."""
    for word, replacement in filters:
        pattern = _drawn_out(word)
        if pattern:
            text = re.sub(rf"(?<!\w){pattern}(?!\w)", replacement.replace("\\", r"\\"), text, flags=re.I)
    return text


@cache
def _drawn_out(word: str) -> str:
    # The expression for `word`: any space between its parts, and each letter as often as in the word, or more.
    parts = []
    # Grouped in any case: with `aA` as two groups, the search would try every way to divide a long run of the letter.
    normalized = " ".join(unicodedata.normalize("NFKC", word).split())
    for character, run in groupby(normalized, key=str.lower):
        times = len(list(run))
        parts.append(r"\s+" if character == " " else f"{re.escape(character)}{{{times},}}")
    return "".join(parts)


def _is_speakable(character: str) -> bool:
    # Letters, digits, punctuation, currency: yes. Emoji, control characters, boxes: no.
    category = unicodedata.category(character)
    return category[0] in "LNPMZ" or category == "Sc" or character in _SPOKEN_MARKS


def _collapse(match: re.Match[str]) -> str:
    character = match[1]
    if character.isdigit():
        return match[0]  # 1000 is an amount
    return character * (MAX_ALIKE if character.isalpha() else 1)


def shorten(text: str, max_chars: int) -> str:
    """Return the first `max_chars` characters of `text`, cut between words where there are any."""
    if len(text) <= max_chars:
        return text
    cut = text.rfind(" ", 0, max_chars + 1)
    return text[: cut if cut > 0 else max_chars]


def spoken_name(name: str) -> str:
    """Return a username as a person would say it: `xX_Foxy_99` becomes `xX Foxy 99`, long numbers are spelled out."""
    parts = re.findall(r"\d+|[^\W\d_]+", name)
    spelled = [" ".join(part) if part.isdigit() and len(part) > MAX_NUMBER_IN_NAME else part for part in parts]
    return _ALIKE.sub(_collapse, " ".join(spelled)) or name
