"""What an AI answered, made fit for chat. Pure functions: the answer is nobody's word but a stranger's."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable

from effects.voice.speakable import LINK, shorten, shown, visible

MAX_CHARS = 220
MAX_SENTENCES = 2
# Characters of an answer that are looked at.
MAX_READ = 4000

# What some models think before they answer, between tags; one that was cut off has no end.
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.S | re.I)
_LINKED = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_CITATIONS = re.compile(r"\[\^?\d{1,3}(?:[,\s\u2013-]+\d{1,3})*\]|【[^【】]*】")
# What stands within a word leaves no gap there.
_INLINE_TAGS = re.compile(r"</?(?:a|b|code|em|i|s|span|strong|u)\b[^<>]*>|<!--.*?-->", re.I | re.S)
_TAGS = re.compile(r"</?[a-z][^<>]*>", re.I)
# Also those that stand right behind a word, which `shown` takes for a part of it.
_ADDRESSES = re.compile(r"(?:[a-z]{1,12})?://\S*", re.I)
_FENCES = re.compile(r"```[\w-]*")
_LINE_MARKS = re.compile(r"^[ \t]*(?:[-+*•]|#{1,6}|>)[ \t]+", re.M)
# Emphasis and code. An @ would call somebody who asked for nothing.
_MARKS = re.compile(r"[*_~`|@]+")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)]*(?=\s|\Z)|。")
# What makes a line a command of some bot, or of the platform, where it stands first.
_COMMAND_MARKS = "!/\\.#$%&*+-=?~^|:;,<>{}[]_@ "


def for_chat(answer: str, filters: Iterable[tuple[str, str]]) -> str:
    """Return the answer in two sentences and 220 characters at most, filtered; "" where nothing is left of it."""
    text = _THOUGHTS.sub(" ", answer)[:MAX_READ]
    # Filtered last: between the letters of a word, there is nothing any more that would hide it.
    text = " ".join(_plain(text).split())
    text = " ".join(shown(text, filters=filters).split())
    text = _cut(_first_sentences(text)).lstrip(_COMMAND_MARKS)
    return text if any(character.isalnum() for character in text) else ""


def _plain(text: str) -> str:
    # A half of a surrogate pair can't be sent.
    text = html.unescape(text).encode(errors="ignore").decode()
    text = "\n".join(map(visible, unicodedata.normalize("NFKC", text).splitlines()))
    text = _CITATIONS.sub("", _LINKED.sub(r"\1", text))
    text = _FENCES.sub(" ", _TAGS.sub(" ", _INLINE_TAGS.sub("", text)))
    return _ADDRESSES.sub(LINK, _MARKS.sub("", _LINE_MARKS.sub("", text)))


def _first_sentences(text: str) -> str:
    count = begin = 0
    for match in _SENTENCE_END.finditer(text):
        # "1." before an item of a list is no sentence.
        count += any(character.isalpha() for character in text[begin : match.end()])
        begin = match.end()
        if count == MAX_SENTENCES:
            return text[:begin]
    return text


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARS else shorten(text, MAX_CHARS - 1).rstrip(" ,;:-") + "…"
