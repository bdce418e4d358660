"""{quote}: something that was said on the stream."""

from __future__ import annotations

from joystick.chat import quotes
from pixelbot_site.kit import phrases
from pixelbot_site.kit.words import Value, Values, word

NONE = phrases.answer("word.no_quote", "no quote yet")


@word("quote", does="a quote, picked at random", missing=NONE)
def quote(values: Values, argument: str) -> Value:
    """Return the text of an approved quote; None where there is none."""
    found = quotes.told()
    return None if found is None else found.text
