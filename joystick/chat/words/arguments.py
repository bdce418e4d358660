"""{1} to {9}, {rest} and {target}: what a viewer wrote behind a command or a redeem."""

from __future__ import annotations

from functools import partial

from economy.viewers import people
from pixelbot_site.kit import phrases
from pixelbot_site.kit.words import Value, Values, word

NOTHING = phrases.answer("word.nothing", "nothing")

MOST = 9


def _nth(values: Values, argument: str, *, number: int) -> Value:
    words = str(values["text"]).split()
    return words[number - 1] if number <= len(words) else None


for number in range(1, MOST + 1):
    value = partial(_nth, number=number)
    value.__module__ = __name__
    does = f"word {number} of what the viewer wrote"
    word(str(number), does=does, missing=NOTHING, needs="text")(value)


@word("rest", does="all but the first word of what the viewer wrote", missing=NOTHING, needs="text")
def rest(values: Values, argument: str) -> Value:
    """Return what follows the first word; None where there is nothing."""
    return str(values["text"]).strip().partition(" ")[2].strip() or None


@word("target", does="whom the viewer named, or else the viewer", missing=str, needs="text")
def target(values: Values, argument: str) -> Value:
    """Return the first word as a name, with the capitals of whoever it is; without one, {user}."""
    first = str(values["text"]).strip().partition(" ")[0].removeprefix("@")
    if not first:
        return str(values.get("user", ""))
    known = people.find(first)
    return known.username if known is not None else first
