"""The bot finds out its own name in chat, where the streamer wrote another one."""

from __future__ import annotations

import pytest

from joystick.gateway.outgoing import echoes
from joystick.gateway.outgoing.echoes import Echoes


def said(*lines: str, known: str = "Pixle") -> Echoes:
    made = Echoes(known)
    for line in lines:
        made.said(line)
    return made


def test_three_lines_that_come_back_show_the_name() -> None:
    heard = said("one", "two  words", "three", "four")
    assert [heard.show_another_name("Pixel", text) for text in ("one", "hello", "two words", "three", "four")] == [
        False, False, False, True, False,
    ]  # fmt: skip


def test_the_name_that_the_streamer_wrote_down_is_no_other() -> None:
    heard = said("one", "two", "three", known=" PIXEL")
    assert not any(heard.show_another_name("Pixel", text) for text in ("one", "two", "three"))


def test_who_repeats_the_bot_comes_after_the_bot_itself() -> None:
    heard = said("one", "two", "three")
    for text in ("one", "two"):
        assert not heard.show_another_name("Pixel", text) and not heard.show_another_name("Parrot", text)
    assert heard.show_another_name("Pixel", "three")


def test_other_lines_and_lines_of_two_viewers_show_nothing() -> None:
    heard = said(*"abcdef")
    assert not any(
        heard.show_another_name(name, text) for name, text in zip(("Ann", "Ann", "Bob") * 2, "abcdef", strict=True)
    )
    assert not any(heard.show_another_name("Ann", text) for text in "abcdef")


def test_what_is_said_much_later_is_no_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = said("one", "two", "three")
    monkeypatch.setattr(echoes, "ECHO_WITHIN", 0)
    assert not any(heard.show_another_name("Pixel", text) for text in ("one", "two", "three"))
