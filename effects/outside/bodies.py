"""The JSON that a webhook sends, made of a template: a structure of the streamer's, with words in its texts.

The template is a structure, not a text: words are put into its texts, and JSON is written afterwards. So nothing that a
viewer typed can end a text, add a key, or be read as another word.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError

from pixelbot_site.kit.words import fill, mistakes, names

# What a template can name: the viewer, what the effect holds, the item's number in the queue, the seconds since 1970.
WORDS = ("user", "text", "amount", "action", "item", "at")
# What is sent without a template.
PLAIN = {"item": "{item}", "viewer": "{user}", "text": "{text}", "at": "{at}"}

MAX_LENGTH = 4000
MAX_DEPTH = 20
# The zero character, and halves of characters.
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
_WORD = re.compile(r"\{(\w+)\}")
# Within what every program reads as a number without a loss.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?")


def check(template: Any) -> None:
    """Raise ValidationError with a sentence for each thing that is wrong with a template."""
    sentences = list(dict.fromkeys(_mistakes(template, depth=1)))
    if not sentences and len(json.dumps(template)) > MAX_LENGTH:
        sentences = [f"This is longer than {MAX_LENGTH} characters."]
    if sentences:
        raise ValidationError(sentences)


def _mistakes(value: Any, *, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        yield f"This is nested deeper than {MAX_DEPTH}."
    elif isinstance(value, str):
        yield from _mistakes_in_text(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _mistakes_in_key(key)
            yield from _mistakes(inner, depth=depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _mistakes(inner, depth=depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):  # which Python reads and JSON does not have
        yield "JSON has no such number as NaN or Infinity."


def _mistakes_in_text(text: str) -> Iterator[str]:
    yield from mistakes(text, WORDS)
    yield from _unstorable(text)


def _mistakes_in_key(key: str) -> Iterator[str]:
    if names(key):
        yield f"“{key}” is a key: words are filled in on the right of a colon only."
    yield from _unstorable(key)


def _unstorable(text: str) -> Iterator[str]:
    if _UNSTORABLE.search(text):  # PostgreSQL would refuse the row
        yield "There is a character in it that can't be stored."


def filled(template: Any, words: Mapping[str, str | int | float]) -> Any:
    """Return the template with words in its texts; a text that is nothing but one word of a number becomes the number.

    What was put in is not looked through again.
    """
    if isinstance(template, str):
        alone = _WORD.fullmatch(template)
        if alone is not None and not isinstance(words.get(alone[1], ""), str):
            return words[alone[1]]
        return fill(template, words)
    if isinstance(template, Mapping):
        return {key: filled(value, words) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, words) for value in template]
    return template


def words(user: str, text: str, amount: str, action: str, *, item: int, at: int) -> dict[str, str | int | float]:
    """Return what the words of a template stand for. `amount` is a number where it is written as one."""
    return {"user": user, "text": text, "amount": _number(amount), "action": action, "item": item, "at": at}


def _number(text: str) -> str | int | float:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    return float(text) if match[2] else int(text)


def written(template: Any, words: Mapping[str, str | int | float]) -> bytes:
    """Return the JSON that is sent. Characters beyond ASCII are escaped, so that none is broken on the way."""
    return json.dumps(filled(template, words)).encode()
