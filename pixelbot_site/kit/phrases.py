"""Phrases: the sentences that the bot says to viewers.

A module declares those that it says. The streamer may give each a text of their own, several to choose from, or switch
it off, and may choose a language; what is in force is `book`, which the dashboard's tables fill.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from pixelbot_site.kit.live import Live
from pixelbot_site.kit.registry import Registry
from pixelbot_site.kit.words import fill, names

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
        return Said(fill(text, words).strip(), self.kind, is_off=self.key in current.off)

    def part(self, **words: object) -> str:
        """Return it as a part of another phrase: nothing where it is switched off."""
        said = self(**words)
        return "" if said.is_off else said

    @property
    def placeholders(self) -> frozenset[str]:
        """Return the names that whoever says it fills in: the names of points, with a dot, are known everywhere."""
        return frozenset(name for name in names(self.text) if "." not in name)


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
