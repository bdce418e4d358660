"""{counter:deaths} and {counter:deaths+1}: a counter, told, or counted and told."""

from __future__ import annotations

import re

from economy.viewers import people
from joystick.chat import counters
from pixelbot_site.kit.words import Value, Values, is_trial, word

_ARGUMENT = re.compile(r"\s*(\w{1,40})\s*(?:([+-])\s*(\d{1,6}))?\s*")


def check(argument: str) -> str:
    """Return what is wrong with the name of a counter and what is to be counted."""
    match = _ARGUMENT.fullmatch(argument)
    if match is None:
        return "{counter:…} takes the name of a counter, as in {counter:deaths} or {counter:deaths+1}."
    return "" if match[1].casefold() in counters.read() else f"There is no counter called {match[1]}."


def changes(argument: str) -> bool:
    """Return whether the word counts."""
    match = _ARGUMENT.fullmatch(argument)
    return match is not None and bool(match[2])


@word("counter", does="a counter; {counter:deaths+1} counts it first", missing=lambda: 0, check=check, changes=changes)
def counter(values: Values, argument: str) -> Value:
    """Return what the counter stands at. It is counted where a viewer set the text off."""
    match = _ARGUMENT.fullmatch(argument)
    if match is None:
        return None
    name, sign, number = match.groups()
    if not sign or "user" not in values or is_trial():
        return counters.value(name)
    by = people.find(str(values["user"]))
    return counters.count(name, int(number) if sign == "+" else -int(number), by=by)
