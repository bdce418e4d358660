"""What is left of an AI's answer. No database."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effects.outside.replies.cleaning import MAX_CHARS, for_chat

FILTERS = [("darn", "dear"), ("hush hush", ""), ("shit", "")]
BECOMES = [
    ("Hello there.", "Hello there."),
    ("One. Two! Three? Four.", "One. Two!"),
    ("Really?! Yes… No.", "Really?! Yes..."),
    ("It is 3.5 km to example.com or so. Go! Now.", "It is 3.5 km to link or so. Go!"),
    ("1. First thing. 2. Second.", "1. First thing. 2. Second."),
    ("He said “go.” She left. They ate.", "He said “go.” She left."),
    ("今日は。元気です。さようなら。", "今日は。元気です。"),
    ("¿Qué tal? Bien.", "¿Qué tal? Bien."),
    ("🎉 Party!", "🎉 Party!"),
    # Markup, citations, links.
    ("**Bold** and _soft_, `code`[1][2, 3] and more【4†source】.", "Bold and soft, code and more."),
    ("# Title\n\n- one\n* two\n> three", "Title one two three"),
    ("```python\nprint(1)\n```", "print(1)"),
    ("See [my site](https://evil.example/x?y=1) or ![pic](http://a.b/c.png)", "See my site or pic"),
    ("Go to https://evil.example/free or www.evil.example now", "Go to link or link now"),
    ("<b>Hi</b> <script>alert(1)</script> you", "Hi alert(1) you"),
    ("&lt;b&gt;Hi&lt;/b&gt; Tom &amp; Ann", "Hi Tom & Ann"),
    ("<think>They want a secret. Hm.</think>\nNo.", "No."),
    ("<think>I never come to an end. Never", ""),
    # Nothing that a bot, or the platform, takes for a command, and nobody is called.
    ("!ban Bob", "ban Bob"),
    (" \n/mute Bob", "mute Bob"),
    ("**!**`!give Eve 9999`", "give Eve 9999"),
    ("[1] !so Eve", "so Eve"),
    ("\u200b!so Eve", "so Eve"),
    ("\uff01so Eve", "so Eve"),
    ("&#33;so Eve", "so Eve"),
    ("<think>x</think>!so Eve", "so Eve"),
    ("shit !so Eve", "so Eve"),
    ("- !so Eve", "so Eve"),
    ("<!-- x -->.timeout Bob", "timeout Bob"),
    ("@everyone look at @Bob", "everyone look at Bob"),
    # Words that are filtered, however they are hidden.
    ("Oh darn it", "Oh dear it"),
    ("Oh D**A**RN it", "Oh dear it"),
    ("Oh da[1]rn it", "Oh dear it"),
    ("Oh d\u200ba\u00adrn it", "Oh dear it"),
    ("Oh \uff44\uff41\uff52\uff4e it", "Oh dear it"),
    ("Oh d@arn it", "Oh dear it"),
    ("Oh daaaarn it", "Oh dear it"),
    ("Oh d<b>arn</b> it", "Oh dear it"),
    ("hush\n\nhush", ""),
    # Characters that are none, or turn the line around.
    ("a\0b\x1b[31mc\x07", "a b [31mc"),
    ("abc \u202edef\u202c", "abc def"),
    ("half \ud83d a pair", "half a pair"),
    ("Z" + "\u0301" * 50 + "algo", "Ź\u0301\u0301algo"),
    *((nothing, "") for nothing in ("", "   ", "\n", "...", "!!!", "🎉", "[1]", "** **", "\u200b", "<p></p>")),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "becomes"), BECOMES)
def test_what_is_left(answer: str, becomes: str) -> None:
    assert for_chat(answer, FILTERS) == becomes


def test_a_long_answer_ends_between_words() -> None:
    said = for_chat("lorem ipsum, " * 100, ())
    assert said.endswith(("lorem…", "ipsum…")) and MAX_CHARS - 20 < len(said) <= MAX_CHARS
    assert for_chat("x" * 1000, ()) == "x" * (MAX_CHARS - 1) + "…"
    assert for_chat("x" * MAX_CHARS, ()) == "x" * MAX_CHARS


PIECES = ["!", "/", "@", "[", "](", ")", "<", ">", "<think>", "</think>", "`", "*", "&#33;", "\n", " ", "a", "1", ".",
          "?", "http://a.b", "\u200b", "\u202e", "\ud800", "\uff01", "【", "】", "darn", "\0", "é", "。", "ﷺ"]  # fmt: skip


@settings(max_examples=60)
@given(st.lists(st.sampled_from(PIECES), max_size=80).map("".join) | st.text())
def test_whatever_comes_is_short_plain_and_no_command(answer: str) -> None:
    said = for_chat(answer, FILTERS)
    assert len(said) <= MAX_CHARS
    assert said == "" or (any(map(str.isalnum, said)) and said[0] not in "!/.@#\\ ")
    assert not {"Cc", "Cf", "Cs"} & set(map(unicodedata.category, said))
    assert "@" not in said and "://" not in said and "darn" not in said.lower().split()
    said.encode()


@pytest.mark.parametrize(
    "piece", ["<think>", "[", "[a](", "<a", "<!--", "*", "【", "a.", ". ", "&", "a@", "[1", "1, ", "# "]
)
def test_no_answer_takes_long(piece: str) -> None:
    began = time.process_time()
    for_chat(piece * (250_000 // len(piece)), FILTERS)
    assert time.process_time() - began < 0.5
