"""Words in braces, such as {user}, in the texts that streamers write: found, checked, and filled in.

A text is filled in once, in one pass: what is put into it is not looked through again, so that nobody can write a word
into it from outside. Some words are known where a text is used, such as the tokens of a tip (`values`). The others are
functions, which `joystick/chat/words/` registers, and mean the same in every text.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.utils.deconstruct import deconstructible

from pixelbot_site.kit.registry import Registry

log = logging.getLogger("words")

# What stands for a value. None: there is none now.
Value = str | int | None
# What is known where a text is filled in, by name.
Values = Mapping[str, Any]

# {name}, {name|fallback}, {name:argument}. An argument may hold plain words itself.
_INSIDE = r"(?:[^{}]|\{[\w.]+\})*"
# What is counted in texts; after the number 1 they lose their s.
_NOUNS = "token|viewer|month|subscription|point"
_WORD = re.compile(
    r"(?P<gap>[ \n]?)\{(?P<name>[\w.]+)"
    rf"(?::(?P<argument>{_INSIDE})|\|(?P<fallback>[^{{}}]*))?\}}"
    rf"(?P<noun> (?:{_NOUNS})s\b)?"
)
_PLAIN = re.compile(r"\{([\w.]+)\}")
# Before these, the space goes that an empty word leaves.
_CLOSING = re.compile(r"[\s.,;:!?]|$")


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """A word that every text may use.

    `value` takes what is known where the text is used, and what stands after the colon. `missing` returns what is said
    where there is no value and the text names no fallback. `needs`: one of these must be known, such as "user".
    `check` returns what is wrong with an argument, or ""; without it, the word has none. `takes_bars`: its argument
    is divided by bars, so that it has no fallback. `changes` returns whether filling it in with an argument changes
    something, such as a counter; without it, it never does.
    """

    name: str
    does: str
    value: Callable[[Values, str], Value]
    missing: Callable[[], object]
    needs: str = ""
    check: Callable[[str], str] | None = None
    takes_bars: bool = False
    changes: Callable[[str], bool] | None = None


words: Registry[Word] = Registry("word")


def word(
    name: str,
    *,
    does: str,
    missing: Callable[[], object],
    needs: str = "",
    check: Callable[[str], str] | None = None,
    takes_bars: bool = False,
    changes: Callable[[str], bool] | None = None,
) -> Callable[[Callable[[Values, str], Value]], Callable[[Values, str], Value]]:
    """Register the decorated function as the value of the word `name`. See `Word`."""

    def register(value: Callable[[Values, str], Value]) -> Callable[[Values, str], Value]:
        made = Word(name, does, value, missing, needs, check, takes_bars, changes)
        words.add(name, made, value.__module__)
        return value

    return register


# Whether texts are only tried.
_is_trial: ContextVar[bool] = ContextVar("is_trial", default=False)
# Whether what is said in place of a missing value is being filled in.
_is_missing: ContextVar[bool] = ContextVar("is_missing", default=False)


def fill(text: str, values: Values) -> str:
    """Return `text` with its words filled in; a name that nobody knows stays as it is, with its braces.

    {amount:one|several} is the first where `amount` is 1, else the second; both may hold plain words. The space before
    a word that turns out empty goes where another space or the end of a sentence follows.
    """
    return _filled(text, values) if "{" in text else text


@contextmanager
def trial() -> Iterator[None]:
    """Have words change nothing in the block, such as a counter: what is filled in there is only tried."""
    token = _is_trial.set(True)
    try:
        yield
    finally:
        _is_trial.reset(token)


def is_trial() -> bool:
    """Return whether what is filled in is only tried, so that a word must change nothing."""
    return _is_trial.get()


def fill_all(value: Any, values: Values) -> Any:
    """Return a structure of JSON with the words in all its texts filled in; its keys stay."""
    if isinstance(value, str):
        return fill(value, values)
    if isinstance(value, Mapping):
        return {key: fill_all(inner, values) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [fill_all(inner, values) for inner in value]
    return value


def _value_of(word: Word, values: Values, argument: str) -> Value:
    try:
        return word.value(values, argument)
    except DatabaseError:
        raise  # the transaction is broken, and whoever began it must know
    except Exception:  # the edge of a word: one that is broken must not keep the rest of the text from being said
        log.exception("the word {%s} could not be filled in", word.name)
        return None


class _Unknown(Exception):
    """Nobody knows a word."""


def _filled(text: str, values: Values) -> str:
    def filled(match: re.Match[str]) -> str:
        gap, noun = match["gap"], match["noun"] or ""
        try:
            value = _said(match, values)
        except _Unknown:
            return match[0]
        if value == "" and _CLOSING.match(text, match.end() - len(noun)):
            gap = ""
        return f"{gap}{value}{noun[:-1] if value == '1' else noun}"

    return _WORD.sub(filled, text)


def _said(match: re.Match[str], values: Values) -> str:
    name, argument, fallback = match["name"], match["argument"], match["fallback"]
    if name in values:
        value = values[name]
        if argument is not None:
            one, _, several = argument.partition("|")
            return _filled(one if value == 1 else several, values)
        return str(value) if fallback is None or value not in ("", None) else fallback
    word = words.get(name)
    if word is None or (word.needs and word.needs not in values):
        raise _Unknown
    argument = argument or ""
    if not word.takes_bars and "|" in argument:
        argument, _, fallback = argument.partition("|")
    found = _value_of(word, values, argument)
    if found is None or (found == "" and fallback is not None):
        return _missing(word) if fallback is None else fallback
    return str(found)


def _missing(word: Word) -> str:
    # What is said then is a phrase, in which the streamer may have written the same word.
    if _is_missing.get():
        return ""
    token = _is_missing.set(True)
    try:
        return str(word.missing())
    finally:
        _is_missing.reset(token)


def names(value: Any) -> set[str]:
    """Return the names of the words in all texts of a structure of JSON."""
    return {match["name"] for match in _matches(value)} | {
        inner for match in _matches(value) for inner in _PLAIN.findall(match["argument"] or "")
    }


def is_plain(text: str, values: Collection[str]) -> bool:
    """Return whether a text has no word but plain ones of `values`: it may be filled in again with other values."""
    return all(match["name"] in values and match["argument"] is match["fallback"] is None for match in _matches(text))


def change_something(value: Any) -> bool:
    """Return whether filling in the texts of a structure of JSON changes something, such as a counter."""
    found = ((words.get(match["name"]), match["argument"] or "") for match in _matches(value))
    return any(word is not None and word.changes is not None and word.changes(argument) for word, argument in found)


def mistakes(value: Any, known: Collection[str]) -> list[str]:
    """Return a sentence for each word in a structure's texts that would not be filled in, or has a wrong argument.

    `known`: the names of the values that the place knows.
    """
    return list(dict.fromkeys(filter(None, (_mistake(match, known) for match in _matches(value)))))


def _mistake(match: re.Match[str], known: Collection[str]) -> str:
    name, argument = match["name"], match["argument"]
    if name in known:
        return next(iter(mistakes(argument or "", known)), "")
    word = words.get(name)
    if word is None or (word.needs and word.needs not in known):
        return _not_filled_in(name, known)
    if argument is None:
        return word.check("") if word.check is not None else ""
    if word.check is None:
        return f"{{{name}}} has nothing after it: write {{{name}}}."
    return word.check(argument if word.takes_bars else argument.partition("|")[0])


def _not_filled_in(name: str, known: Collection[str]) -> str:
    return f"{{{name}}} is not filled in here. Available: {', '.join(f'{{{word}}}' for word in available(known))}."


@deconstructible
class KnownWords:
    """Refuses a text, or effects with texts, in which a word would not be filled in. `known`: what the place knows."""

    def __init__(self, *known: str) -> None:
        self.known = known

    def __call__(self, value: Any) -> None:
        """Raise ValidationError with a sentence for each mistake."""
        wrong = mistakes(value, self.known)
        if wrong:
            raise ValidationError(wrong)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KnownWords) and self.known == other.known

    def __hash__(self) -> int:
        return hash(self.known)


def available(known: Collection[str]) -> list[str]:
    """Return the names of the words that a text may use: the `known` ones of its place, then those of all texts."""
    return [*sorted(known), *(word.name for word in words.values() if not word.needs or word.needs in known)]


def _matches(value: Any) -> Iterator[re.Match[str]]:
    if isinstance(value, str):
        yield from _WORD.finditer(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _matches(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _matches(inner)
