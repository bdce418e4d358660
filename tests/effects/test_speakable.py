"""What is typed, and what is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effects.voice.speakable import shown, speakable, spoken_name


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("hello there", "hello there"),
        ("see https://example.com/a?b=c now", "see link now"),
        ("www.example.org and my-site.tv/me", "link and link"),
        ("<b>bold</b> and **stars** and `code`", "bold and stars and code"),
        ("hi :smile: there :fox_dance:", "hi there"),
        ("a\0b\x07c\nd\te", "a b c d e"),
        ("sooooo goooood!!!!!", "soo good!"),
        ("100000 points", "100000 points"),
        ("ha ha ha ha ha ha", "ha ha ha"),
        ("spam spam spam spam spam eggs", "spam spam spam eggs"),
        ("very very nice", "very very nice"),
        ("😂 laugh 😂😂", "laugh"),
        ("ﬁne ｗｉｄｅ", "fine wide"),
        ("5 € & 3 £", "5 € & 3 £"),
        ("at 10:30:45, fox@den.example or youtu.be/abc", "at 10:30:45, link or link"),
        ("fox_48213377 gave 100000", "fox 4 8 2 1 3 3 7 7 gave 100000"),
        ("1 &lt;b&gt; 2 &amp; 3", "1 2 & 3"),
        ("1.5 or e.g. this", "1.5 or e.g. this"),
        ("", ""),
    ],
)
def test_it_is_made_speakable(typed: str, said: str) -> None:
    assert speakable(typed) == said


def test_filters_are_whole_words_in_any_case_and_literal() -> None:
    filters = [("bad word", "kitten"), ("a.b", "dot"), ("gone", ""), ("back", r"\1")]
    assert speakable("Bad Word badwords A.B axb gone back", filters=filters) == r"kitten badwords dot axb \1"


@pytest.mark.parametrize(
    "typed",
    ["bad  word", "baaad wooord", "ba\u200bd word", "b\u00adad word", "BAD\tWORD", "<b>bad</b> word", "ba*d word"],
)
def test_a_filter_is_not_passed_by_dressing_the_word_up(typed: str) -> None:
    filters = [("bad word", "kitten"), ("ba*d", "bad")]
    assert speakable(typed, filters=filters) == "kitten" == speakable("bad word", filters=filters)


def test_what_is_shown_is_filtered_and_stays_in_its_line() -> None:
    piled = "e" + "\u0301" * 25
    typed = f"\u202eBaad word at evil.example/x and {piled} <b>👍</b>"
    assert shown(typed, filters=[("bad word", "kitten")]) == "kitten at link and e\u0301\u0301 <b>👍</b>"


def test_too_long_is_cut_between_words() -> None:
    assert speakable("one two three four", max_chars=9) == "one two"
    assert speakable("x" * 3 + "yz" * 100, max_chars=10) == "xxyzyzyzyz"


@given(st.text())
def test_whatever_is_typed_nothing_unspeakable_is_left(text: str) -> None:
    said = speakable(text, max_chars=100)
    assert len(said) <= 100 and said == " ".join(said.split()) and said.isprintable()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Foxy", "Foxy"),
        ("xX_Foxy_99", "xX Foxy 99"),
        ("night-owl2024", "night owl 2024"),
        ("user123456", "user 1 2 3 4 5 6"),
        ("Alexxxxx", "Alexx"),
        ("___", "___"),
    ],
)
def test_names_are_said_as_one_would(name: str, said: str) -> None:
    assert spoken_name(name) == said
