"""What is read of a line in chat besides its text: the name's colour, whether it stands out, the emotes' pictures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from joystick.protocol import frames
from joystick.protocol.chat_lines import MAX_EMOTES, MAX_URL
from joystick.protocol.events import ChatMessage, Emote
from joystick.simulator.happenings import Happening

PICTURE = "https://images.example.invalid/wave.png?validto=1&&hash=abc%3D"


def line(version: str = "v2", **data: Any) -> ChatMessage:
    """Return a line with these keys in place of the usual ones."""
    message = Happening("new_message", "Ann", "hi :wave:", data).message(version)
    read = frames.parse(json.dumps({"message": message}))
    assert isinstance(read, ChatMessage)
    return read


def test_a_plain_line_has_none_of_it() -> None:
    for version in ("v1", "v2"):
        read = line(version)
        assert (read.color, read.is_highlighted, read.emotes) == ("", False, ())


def test_each_envelope_names_them_in_its_own_way() -> None:
    new = line(author={"username": "Ann", "color": "#3FA7d6"}, highlight=True, emotes=[{"code": "<3", "url": PICTURE}])
    assert (new.color, new.is_highlighted, new.emotes) == ("#3fa7d6", True, (Emote("<3", PICTURE),))
    old = line(
        "v1",
        author={"username": "Ann", "usernameColor": "#010203"},
        highlight=True,
        emotesUsed=[{"code": ":a:", "signedUrl": f"{PICTURE}&large", "signedThumbnailUrl": PICTURE}],
    )
    assert (old.color, old.is_highlighted, old.emotes) == ("#010203", True, (Emote(":a:", PICTURE),))
    for key in ("url", "thumbnailUrl", "signedUrl"):
        assert line("v1", emotesUsed=[{"id": 5, "code": ":a:", key: PICTURE}]).emotes == (Emote(":a:", PICTURE),)


@pytest.mark.parametrize(
    "color", [None, 5, "red", "#fff", "#12345g", "#1234567", "#123456;", " #123456", "#123456\n", []]
)
def test_a_colour_is_six_hexadecimal_digits(color: Any) -> None:
    assert line(author={"username": "Ann", "color": color}).color == ""


@pytest.mark.parametrize(
    "emotes",
    [
        None, "x", {"code": ":a:", "url": PICTURE}, [":a:"], [None, 5, []], [{"code": ":a:"}], [{"url": PICTURE}],
        [{"code": "", "url": PICTURE}], [{"code": 5, "url": PICTURE}], [{"code": ":a:", "url": 5}],
        [{"code": ":a:", "url": "http://images.example.invalid/a.png"}], [{"code": ":a:", "url": "javascript:a"}],
        [{"code": ":a:", "url": f"{PICTURE} x"}], [{"code": ":a:", "url": f"{PICTURE}\n"}], [{"code": ":a:", "url": "https://é.tv/"}],
        [{"code": ":a:", "url": f"https://{'x' * MAX_URL}"}],
    ],
)  # fmt: skip
def test_what_names_no_code_or_no_address_is_no_emote(emotes: Any) -> None:
    for version, key in (("v2", "emotes"), ("v1", "emotesUsed")):
        assert line(version, **{key: emotes}).emotes == ()


def test_each_code_is_kept_once_and_not_too_many() -> None:
    many = [{"code": f":{number}:", "url": PICTURE} for number in range(MAX_EMOTES + 5)]
    read = line(emotes=[many[0], {"code": ":0:", "url": f"{PICTURE}&other"}, *many])
    assert read.emotes == tuple(Emote(f":{number}:", PICTURE) for number in range(MAX_EMOTES))
