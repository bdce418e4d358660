"""Whatever viewers type, handling it takes a moment: no expression takes time by the square of the length.

Each function that reads their text is given the texts that such expressions are slow for, and others made at random;
then whole lines go the way from the frame to the answer.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable
from itertools import combinations_with_replacement

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from economy.models import Cooldown
from effects.models import QueueItem, WordFilter
from effects.outside import bodies
from effects.outside.webhooks import is_allowed
from effects.voice import speakable
from joystick.chat import dispatch
from joystick.gateway.outgoing.actions import Action
from joystick.protocol import frames
from joystick.protocol.envelope import FrameError, strip_markup
from joystick.protocol.frames import read_frame
from joystick.simulator.happenings import chat, raid, tip
from pixelbot_site.kit import csv_format, logs, words
from pixelbot_site.kit.clean import clean_name, clean_text
from pixelbot_site.kit.steps import mistakes
from redeems import purchase
from redeems.models import Redeem

LENGTH = 4000  # characters: the largest line that is kept of a frame
BUDGET = 0.25  # seconds of processor time; the slowest takes 0.02, a quadratic one seconds

FRAGMENTS = (
    *("a.", "a-", "a@", "aé.", "a_", "a/", "a.com", "www.", "http://a.", "://", "+.", "-"),
    *("<a", "<", "&amp;", "&#", "*a", ":a", ":", "!", "!a"),
    *("1", "1,", "w", "W X ", "a ", "ha ", "a b ", "a\u200b"),
    *("\ufdfa", "\ufdfa.", "é\u0301", "\u0301", "\u202e", "\x1b"),
)
FILTERS = [("bad word", "kitten"), ("aAaA", "b"), ("w x", "")]

WORDS: dict[str, str | int] = {"user": "Bob", "tokens": 1, "text": "{user}"}
FORMATTERS = (logs.PlainFormatter(), logs.JsonFormatter())
OSC_STEP = {"kind": "osc", "target": "VRChat", "address": "/a", "type": "float"}
HANDLERS: dict[str, Callable[[str], object]] = {
    "speakable": lambda text: speakable.speakable(text, filters=FILTERS),
    "shown": lambda text: speakable.shown(text, filters=FILTERS),
    "spoken_name": speakable.spoken_name,
    "strip_markup": strip_markup,
    "clean_text": clean_text,
    "clean_name": clean_name,
    "frame": lambda text: frames.parse(json.dumps({"message": {"type": text, "text": text, "data": {"who": text}}})),
    "no frame": lambda text: read_frame(text),
    "command": lambda text: dispatch.find(f"!{text}"),
    "typo": lambda text: dispatch._guess(text[:40], is_staff=False),
    "placeholders": lambda text: words.fill_all([{"text": text}], {**WORDS, "text": text}),
    "cell of a table": lambda text: csv_format.unescaped(csv_format.escaped(text)),
    "address of a webhook": is_allowed,
    "body of a webhook": lambda text: bodies.written(
        {"a": "{text}", "b": "{amount}"}, bodies.words(text, text, text, text, item=1, at=1)
    ),
    "value for OSC": lambda text: mistakes([{**OSC_STEP, "value": text}]),
    "line of the log": lambda text: [logged.format(_record(text)) for logged in FORMATTERS],
    "log": logs.escaped,
    "split": lambda text: Action("send_message", {"text": text}).split(50),
}


def texts() -> list[str]:
    return [((first + second) * LENGTH)[:LENGTH] for first, second in combinations_with_replacement(FRAGMENTS, 2)]


def _record(text: str) -> logging.LogRecord:
    return logging.LogRecord("chat", logging.WARNING, "x.py", 1, "%s says", (text,), None)


def seconds_for(name: str, text: str) -> float:
    """Return the seconds of processor time; of two runs where the first took long, since the collector may run in one."""
    took = _seconds_once(name, text)
    return took if took < BUDGET else min(took, _seconds_once(name, text))


def _seconds_once(name: str, text: str) -> float:
    began = time.process_time()
    with contextlib.suppress(FrameError):
        HANDLERS[name](text)
    return time.process_time() - began


@pytest.mark.parametrize("name", HANDLERS)
@pytest.mark.django_db
def test_no_text_takes_long(name: str) -> None:
    for text in texts():
        assert seconds_for(name, text) < BUDGET, text[:40]


# Some fragments, perhaps after a beginning, again and again, perhaps before an end that makes an expression go back.
made_up = st.builds(
    lambda start, pieces, end: (start + "".join(pieces) * LENGTH)[: LENGTH - len(end)] + end,
    st.text(max_size=5),
    st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), min_size=1, max_size=6).filter(any),
    st.text(max_size=5),
)


@pytest.mark.parametrize("name", HANDLERS)
@given(text=made_up)
@settings(max_examples=60, deadline=None)
@pytest.mark.django_db
def test_no_text_made_at_random_takes_long(name: str, text: str) -> None:
    assert seconds_for(name, text) < BUDGET


@pytest.mark.django_db
@pytest.mark.parametrize("start", ["", "!tts ", "!sound ", "!give ", "!help ", "!shoutout ", "!redeem ", "!hug ", "!"])
def test_no_line_takes_long_on_its_way_to_the_answer(start: str, deliver: Callable[..., None]) -> None:
    purchase.seed()
    Redeem.objects.update(cooldown_seconds=0)
    Redeem.objects.create(key="hug", title="Hug", effects=[{"kind": "chat_line", "text": "{user} hugs {text}"}])
    WordFilter.objects.bulk_create([WordFilter(word=word, replacement=other) for word, other in FILTERS])
    deliver(tip("Bob", 10**6))
    for text in texts()[::7]:
        began = time.process_time()
        deliver(chat("Bob", (start + text)[:LENGTH]), tip("Bob", 1, text), raid(text, 5), chat(text, "hello"))
        assert time.process_time() - began < 2 * BUDGET, text[:40]
        Cooldown.objects.all().delete()
        QueueItem.objects.all().delete()
