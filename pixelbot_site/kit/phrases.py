"""Phrases: the sentences that the bot says to viewers.

A module declares those that it says. The streamer may give each a text of their own, several to choose from, or switch
it off, and may choose a language; what is in force is `book`, which the dashboard's tables fill.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.live import Live
from pixelbot_site.kit.registry import Registry

# {name}, or {name:one|several}: the first for the number 1, the second for any other. Both may hold plain {names}.
_PART = r"(?:[^{}|]|\{\w+\})*"
_PLACEHOLDER = re.compile(rf"\{{(?P<name>\w+)(?::(?P<one>{_PART})\|(?P<several>{_PART}))?\}}")
_NAME = re.compile(r"\{(\w+)[:}]")
_SPACES = re.compile(r"\s+(?=[.,;:!?]|\s|$)")
# What ends a sentence.
_STOPS = (".", "!", "?", "…")


class Kind(StrEnum):
    """What a sentence is, by which the streamer chooses how much the bot says."""

    ANSWER = "answer"
    """What somebody asked for."""
    RESULT = "result"
    """What became of what somebody did."""
    REFUSAL = "refusal"
    """Why something does not happen, or did not."""
    NEWS = "news"
    """What nobody asked for: thanks, levels, greetings."""


class Said(str):
    """A phrase with its words filled in. `is_off`: the streamer does not want it said."""

    kind: Kind | None
    is_off: bool

    def __new__(cls, text: str = "", kind: Kind | None = None, *, is_off: bool = False) -> Self:
        """Make it of the text alone where it is copied."""
        said = super().__new__(cls, text)
        said.kind = kind
        said.is_off = is_off
        return said


@dataclass(frozen=True, slots=True)
class Book:
    """What is said instead of the declared texts, by the phrases' keys: one of several, or, if `off`, nothing."""

    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    off: frozenset[str] = frozenset()


book: Live[Book] = Live(Book())

words_everywhere = Hook[[], Mapping[str, str]](
    "words_everywhere", __name__, "Return placeholders that every phrase may use, with their texts."
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence, or a part of one, with placeholders. Refusals have no full stop: whoever says them adds it."""

    key: str
    text: str
    kind: Kind

    def __call__(self, **words: object) -> Said:
        """Return the phrase in force with `words` filled in."""
        current = book.current()
        texts = current.texts.get(self.key)
        text = self.text if texts is None else texts[0] if len(texts) == 1 else random.choice(texts)
        return Said(fill(text, words), self.kind, is_off=self.key in current.off)

    def part(self, **words: object) -> str:
        """Return it as a part of another phrase: nothing where it is switched off."""
        said = self(**words)
        return "" if said.is_off else said

    @property
    def placeholders(self) -> frozenset[str]:
        """Return the names that the declared text uses."""
        return placeholders(self.text)


phrases: Registry[Phrase] = Registry("phrase")


def _declared(key: str, text: str, kind: Kind) -> Phrase:
    made = Phrase(key, text, kind)
    module: str = sys._getframe(2).f_globals["__name__"]  # that of whoever called `answer` and the like
    phrases.add(key, made, module)
    return made


def answer(key: str, text: str) -> Phrase:
    """Declare what is said to somebody who asked."""
    return _declared(key, text, Kind.ANSWER)


def result(key: str, text: str) -> Phrase:
    """Declare what is said about what somebody did."""
    return _declared(key, text, Kind.RESULT)


def refusal(key: str, text: str) -> Phrase:
    """Declare why something does not happen: a fragment in lower case without a full stop."""
    return _declared(key, text, Kind.REFUSAL)


def news(key: str, text: str) -> Phrase:
    """Declare what is said without being asked."""
    return _declared(key, text, Kind.NEWS)


def fill(text: str, words: Mapping[str, object]) -> str:
    """Return `text` with its placeholders filled in, in one pass: braces in what is filled in stay as they are.

    A placeholder that is not among `words`, nor everywhere, stays, too. Spaces that an empty word leaves are removed.
    """
    if "{" not in text:
        return text
    known = dict(words)
    if not placeholders(text) <= known.keys():
        for more in words_everywhere.call():
            known = {**more, **known}

    def filled(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in known:
            return match[0]
        if match["one"] is None:
            return str(known[name])
        return _PLACEHOLDER.sub(filled, match["one"] if known[name] == 1 else match["several"])

    return _PLACEHOLDER.sub(filled, _without_gaps(text, known)).strip()


def _without_gaps(text: str, words: Mapping[str, object]) -> str:
    # Before filling, so that spaces in what a viewer wrote stay.
    empty = [name for name in placeholders(text) if words.get(name) == ""]
    for name in empty:
        text = text.replace(f"{{{name}}}", "")
    return _SPACES.sub("", text) if empty else text


def placeholders(text: str) -> frozenset[str]:
    """Return the names of the placeholders in `text`."""
    return frozenset(_NAME.findall(text))


def joined(*parts: str) -> str:
    """Return sentences as one text, without those that are switched off or empty."""
    return " ".join(part for part in parts if part and not is_off(part))


def is_off(text: object) -> bool:
    """Return whether a text is a phrase that the streamer does not want said."""
    return isinstance(text, Said) and text.is_off


def kind_of(text: object, default: Kind) -> Kind:
    """Return what a text is; `default` where it is no phrase."""
    return text.kind if isinstance(text, Said) and text.kind is not None else default


def stopped(text: str) -> str:
    """Return a fragment as a sentence, with a full stop where it has no other end."""
    text = text.rstrip()
    return text if text.endswith(_STOPS) else f"{text}."
