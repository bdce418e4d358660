"""What a filter finds in a line. Pure functions, whose time grows with the length of the line and no faster."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from joystick.chat.moderation.letters import folded, plain
from joystick.chat.moderation.links import first_link
from joystick.models import FilterAction, FilterKind
from pixelbot_site.kit.plural import counted

# With fewer letters, a line in capitals is no shouting: “OMG”.
MIN_LETTERS = 10
# Codes of emotes, which nobody writes by hand.
_EMOTE = re.compile(r":\w{2,40}:")


@dataclass(frozen=True, slots=True)
class Filter:
    """A row as it is used. `phrases` are found as whole words, `parts` inside of others, too; both are folded."""

    pk: int | None
    kind: str
    action: str = FilterAction.WARN
    limit: int = 0
    seconds: int = 0
    allowed: frozenset[str] = frozenset()
    phrases: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    exempt_role: int = 0
    exempt_level: int = 0
    dry_run: bool = False


def found_in(filter_: Filter, text: str) -> str:
    """Return what the filter finds in the text, in words; "" for nothing. For a flood, it takes other lines."""
    match filter_.kind:
        case FilterKind.LINKS:
            site = first_link(text, filter_.allowed)
            return f"a link to {site}" if site else ""
        case FilterKind.WORDS:
            word = _first_word(filter_, text)
            return f"“{word}”" if word else ""
        case FilterKind.CAPITALS:
            percent = capitals(text)
            return f"{percent} % capitals" if percent >= filter_.limit else ""
        case FilterKind.REPEATS:
            times = most_repeats(text)
            return f"the same {times} times in a row" if times >= filter_.limit else ""
        case FilterKind.LENGTH:
            return counted(len(text), "character") if len(text) > filter_.limit else ""
    return ""


def words_of(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the phrases and the parts that a text lists, one a line."""
    phrases: list[str] = []
    parts: list[str] = []
    for line in text.splitlines():
        word = line.strip()
        bare = _spaced(folded(plain(word.strip("*"))))
        if not bare:
            continue
        # What has other signs than letters and digits is not made of whole words.
        is_part = len(word) > 1 and word[0] == "*" == word[-1]
        (parts if is_part or bare != _words(bare) else phrases).append(bare)
    return tuple(dict.fromkeys(phrases)), tuple(dict.fromkeys(parts))


def _first_word(filter_: Filter, text: str) -> str:
    line = folded(plain(text))
    words = f" {_words(line)} "
    whole = next((phrase for phrase in filter_.phrases if f" {phrase} " in words), "")
    spaced = _spaced(line)
    return whole or next((part for part in filter_.parts if part in spaced), "")


def _words(text: str) -> str:
    return _spaced("".join(one if one.isalnum() else " " for one in text))


def _spaced(text: str) -> str:
    return " ".join(text.split())


def capitals(text: str) -> int:
    """Return how many of a hundred letters are capitals; 0 for a line of few letters."""
    letters = [one for one in unicodedata.normalize("NFKC", _EMOTE.sub("", text)) if one.isupper() or one.islower()]
    return 100 * sum(one.isupper() for one in letters) // len(letters) if len(letters) >= MIN_LETTERS else 0


def most_repeats(text: str) -> int:
    """Return how often the same character or word stands in a row, at most. Stacked accents count as the same."""
    small = text.casefold()
    marks = ("\u0301" if unicodedata.category(one) in ("Mn", "Me") else one for one in small)
    return max(_longest_run(marks), _longest_run(small.split()))


def _longest_run(things: Iterable[str]) -> int:
    return max((sum(1 for _ in run) for thing, run in groupby(things) if not thing.isspace()), default=0)


def essence(text: str) -> str:
    """Return what equal lines have in common: their letters, digits and signs, in one case."""
    return "".join(plain(text).split())
