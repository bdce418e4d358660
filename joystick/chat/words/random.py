"""{random:1-100}: a number drawn from a range."""

from __future__ import annotations

import random as dice
import re

from pixelbot_site.kit.words import Value, Values, word

_RANGE = re.compile(r"\s*(-?\d{1,9})\s*-\s*(-?\d{1,9})\s*")


def check(argument: str) -> str:
    """Return what is wrong with a range."""
    match = _RANGE.fullmatch(argument)
    if match is None:
        return "{random:…} takes two whole numbers, as in {random:1-100}."
    return "" if int(match[1]) <= int(match[2]) else "{random:…} takes the smaller number first, as in {random:1-100}."


@word("random", does="a number between two, as in {random:1-100}", missing=str, check=check)
def random(values: Values, argument: str) -> Value:
    """Return one of the numbers from the first to the last, each as likely."""
    match = _RANGE.fullmatch(argument)
    return None if match is None else dice.randint(*sorted((int(match[1]), int(match[2]))))
