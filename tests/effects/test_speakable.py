"""What is typed, and what is said."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effects.voice.speakable import MAX_LINK_WORD, MAX_TYPED, shown, speakable, spoken_name


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


@pytest.mark.parametrize(
    "text",
    [
        "Привет, как дела?",
        "Γειά σου κόσμε",
        "مرحبا بالعالم",
        "שלום עולם",
        "नमस्ते दुनिया",
        "สวัสดีชาวโลก",
        "こんにちは世界",
        "你好,世界",
        "안녕하세요 세계",
        "Xin chào thế giới",
        "Merhaba dünya, şöyle böyle",
        "გამარჯობა მსოფლიო",
    ],
)
def test_every_script_is_spoken_and_shown_as_it_was_typed(text: str) -> None:
    assert speakable(text) == text == shown(text)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ПЛОХОЕ слово", "котёнок слово"),
        ("пло\u200bхое слово", "котёнок слово"),
        ("плохооое слово", "котёнок слово"),
        ("неплохое слово", "неплохое слово"),
        ("плохоеслово", "плохоеслово"),
    ],
)
def test_filters_work_in_other_alphabets(typed: str, said: str) -> None:
    assert speakable(typed, filters=[("плохое", "котёнок")]) == said


@pytest.mark.parametrize("invisible", ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\x00", "\x1b"])
def test_invisible_characters_are_neither_spoken_nor_shown(invisible: str) -> None:
    assert invisible not in speakable(f"a{invisible}b") and invisible not in shown(f"a{invisible}b")


@pytest.mark.parametrize(
    "typed",
    [
        "https://evil.example/x?y=z",
        "HTTP://EVIL.EXAMPLE",
        "www.evil.example",
        "evil.com",
        "sub.evil.co",
        "somebody@evil.example",
        "example.unknown/path",
        "x" * MAX_LINK_WORD + ".com",
    ],
)
def test_links_are_neither_spoken_nor_shown(typed: str) -> None:
    assert speakable(f"see {typed} now") == "see link now"
    assert shown(f"see {typed} now") == "see link now"


@pytest.mark.parametrize("typed", ["3.14", "e.g. this", "and/or", "wait...what", "12:30", "x.y"])
def test_what_only_resembles_a_link_stays(typed: str) -> None:
    assert shown(typed) == typed


def test_a_filter_with_an_empty_word_changes_nothing() -> None:
    assert speakable("hello, - there", filters=[("", "boo"), ("  ", "boo")]) == "hello, - there"


def test_of_an_endless_text_the_beginning_is_read() -> None:
    assert len(shown("x " * MAX_TYPED)) <= MAX_TYPED
    assert speakable("word " * MAX_TYPED, max_chars=9) == "word word"


def test_emoji_are_shown_and_not_spoken() -> None:
    assert (speakable("nice 👍🏽 one 🇩🇪"), shown("nice 👍🏽 one 🇩🇪")) == ("nice one", "nice 👍🏽 one 🇩🇪")


@given(st.text())
def test_whatever_is_typed_what_is_shown_stays_in_its_line(text: str) -> None:
    assert not {"Cc", "Cf"} & {unicodedata.category(character) for character in shown(text)}


@given(st.text(min_size=1, max_size=100))
def test_every_name_can_be_said(name: str) -> None:
    assert spoken_name(name)


def test_a_character_that_stands_for_many_makes_no_text_longer_than_what_may_be_typed() -> None:
    assert len(speakable("\ufdfa" * MAX_TYPED, max_chars=10**6)) <= MAX_TYPED
