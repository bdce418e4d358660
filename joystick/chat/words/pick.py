"""{pick:a|b|c}: one of several texts."""

from __future__ import annotations

import random

from pixelbot_site.kit.words import Value, Values, word


def check(argument: str) -> str:
    """Return what is wrong with the texts to pick from."""
    return "" if "|" in argument else "{pick:…} takes texts with bars between them, as in {pick:red|green|blue}."


@word(
    "pick", does="one of several texts, as in {pick:red|green|blue}", missing=str, check=check,
    takes_bars=True,
)  # fmt: skip
def pick(values: Values, argument: str) -> Value:
    """Return one of them, each as likely."""
    return random.choice(argument.split("|")).strip()
