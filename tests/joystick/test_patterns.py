"""Patterns for words in chat: found in any case, refused with a sentence, and quick whatever they are."""

from __future__ import annotations

import time
from itertools import product

import pytest

from joystick.models import Match, Reaction
from joystick.reactions import patterns, sentences
from joystick.reactions.kinds import Occasion, occasions
from joystick.reactions.rules import rule_of

# Parts that make Python's `re` take exponential or cubic time, and texts that nearly match.
_PARTS = (
    "(a+)+", "(a*)*", "(a|a)*", "(a|aa)+", "([a-z]+)*", "(a+a+)+", "(.*a){20}", "(a?){30}a{30}", "(\\w+\\s?)*", "(x+x+)+y",
    "((a+)b?)*", "(a|b|ab)*", "(.*)(.*)(.*)(.*)", "([^b]+)+", "(?:a+)+?", "(a{1,9}){1,9}", "(\\d+)*", "(a+)*b?", "(aa|a)*",
    "^(([a-z])+.)+[A-Z]([a-z])+", "(.+)+", "(\\S+)*", "([ab]*)*", "(a.*)+", "(.a?)*",
)  # fmt: skip
_ENDS = ("$", "c$", "!", "\\b!", "(?:b|c)\\z", "[^a]{3}$", "=", "(c+)+$", "cc", "\\d$", ";", "(a+)+=")
EVIL = [part + end for part, end in product(_PARTS, _ENDS)]
TEXTS = ("a" * 500, "a" * 499 + "b", "ab" * 250, "a " * 250, "x" * 500, "1a" * 250)


def test_no_pattern_takes_long() -> None:
    assert len(EVIL) == 300
    slowest = 0.0
    for pattern in EVIL:
        if patterns.mistake(pattern):
            continue
        for text in TEXTS:
            began = time.thread_time()
            patterns.is_found(pattern, text)
            slowest = max(slowest, time.thread_time() - began)
    assert slowest < 0.01
    assert sum(bool(patterns.mistake(pattern)) for pattern in EVIL) < 30  # else the test tries nothing


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        ("^hello\\b", "Hello there", True),
        ("^hello\\b", "well, hello", False),
        ("\\bgg+\\b", "GGGG!", True),
        ("\\S{5}", "a b", False),
        ("äb", "xÄB", True),
        ("(", "(", False),
    ],
)
def test_a_pattern_is_looked_for_anywhere_in_any_case(pattern: str, text: str, is_found: bool) -> None:
    rule = rule_of(Reaction(occasion="word", subject=pattern, match=Match.PATTERN))
    kind = occasions.get("word")
    assert kind is not None
    assert rule.fits(kind, Occasion("Bob", text)) is is_found


@pytest.mark.parametrize("pattern", ["(", "a(?=b)", "(a)\\1", "a{2000}", "(((a{30}){30}){30})"])
def test_what_is_no_such_pattern_is_refused_with_the_reason(pattern: str) -> None:
    ((field, sentence),) = sentences.mistakes(
        Reaction(occasion="word", subject=pattern, match=Match.PATTERN, lines="x")
    )
    assert field == "subject" and sentence.startswith("This is no pattern: ")
