"""Whatever viewers type, handling it takes a moment: no expression takes time by the square of the length."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import combinations_with_replacement

import pytest

from effects.voice import speakable
from joystick.gateway.actions import Action
from joystick.inbox import dispatch
from joystick.protocol.envelope import clean_text, strip_markup
from pixelbot_site.kit import logs

LENGTH = 4000  # characters: the largest line that is kept of a frame
BUDGET = 0.25  # seconds of processor time; the slowest takes 0.02, a quadratic one seconds

FRAGMENTS = (
    *("a.", "a-", "a@", "aé.", "a_", "a/", "a.com", "www.", "http://a.", "://", "+.", "-"),
    *("<a", "<", "&amp;", "&#", "*a", ":a", ":", "!", "!a"),
    *("1", "1,", "w", "W X ", "a ", "ha ", "a b ", "a\u200b"),
    *("\ufdfa", "\ufdfa.", "é\u0301", "\u0301", "\u202e", "\x1b"),
)
FILTERS = [("bad word", "kitten"), ("aAaA", "b"), ("w x", "")]

HANDLERS: dict[str, Callable[[str], object]] = {
    "speakable": lambda text: speakable.speakable(text, filters=FILTERS),
    "shown": lambda text: speakable.shown(text, filters=FILTERS),
    "spoken_name": speakable.spoken_name,
    "strip_markup": strip_markup,
    "clean_text": clean_text,
    "command": dispatch.find,
    "log": logs.escaped,
    "split": lambda text: Action("send_message", {"text": text}).split(50),
}


def texts() -> list[str]:
    return [((first + second) * LENGTH)[:LENGTH] for first, second in combinations_with_replacement(FRAGMENTS, 2)]


@pytest.mark.parametrize("name", HANDLERS)
def test_no_text_takes_long(name: str) -> None:
    slowest = (0.0, "")
    for text in texts():
        began = time.process_time()
        HANDLERS[name](text)
        slowest = max(slowest, (time.process_time() - began, text[:40]))
        assert slowest[0] < BUDGET, slowest
