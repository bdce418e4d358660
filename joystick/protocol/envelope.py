"""The envelope of an event, the same for v1 and v2, and how values are read from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

# Characters of a name and of a text that are kept. The columns of names are as long.
MAX_NAME = 100
MAX_TEXT = 4000
# The largest number that is believed.
MAX_NUMBER = 10**9

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
# What a terminal obeys, what ends a line, and what turns the direction of text: the same that the log escapes. No name
# on Joystick has it.
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class FrameError(ValueError):
    """A frame that can't be parsed, or an event without a value that it needs. `str(error)` is the reason."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What both versions have. `data` is v2's `data` or v1's `metadata`; for v1's chat it is the message itself."""

    uid: str
    kind: str
    channel_id: str
    occurred_at: datetime | None
    text: str
    data: Mapping[str, Any]

    def common(self, username: str = "", *, is_chat: bool = False) -> dict[str, Any]:
        """Return the keyword arguments of every Event. Markup is removed from texts, except for what viewers typed."""
        return {
            "uid": self.uid,
            "kind": self.kind,
            "channel_id": self.channel_id,
            "occurred_at": self.occurred_at,
            "text": self.text if is_chat else strip_markup(self.text),
            "username": username,
        }

    def name(self, *keys: str) -> str:
        """Return the first value under `keys` that is a name, without blanks around it; "" when there is none."""
        names = (clean_name(self.data.get(key)) for key in keys)
        return next((name for name in names if name), "")

    def whole(self, key: str, *, least: int = 0, most: int = MAX_NUMBER) -> int | None:
        """Return the whole number under `key`, also from a string; None for others, and outside `least` to `most`."""
        value = self.data.get(key)
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        # In Python True is an int; in JSON it is not a number.
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            return None
        return value


def strip_markup(text: str) -> str:
    """Return `text` without tags and entities. The platform writes `<strong class='…'>Water break</strong>`."""
    return clean_text(unescape(_TAG.sub("", text)))


def clean_text(value: Any, most: int = MAX_TEXT) -> str:
    """Return a string that can be stored: no NUL, no lone surrogate, at most `most` characters. "" for other values."""
    if not isinstance(value, str):
        return ""
    if value.isascii():  # the usual case, without encoding it
        return value.replace("\0", "")[:most]
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:most]


def clean_name(value: Any) -> str:
    """Return a name that can be stored, without blanks around it. "" for other values.

    Each control character, line separator and mark of direction becomes �.
    """
    if not isinstance(value, str):
        return ""
    if not value.isprintable():
        # Left out, they would make one viewer of two: `Bob` and `B\x7fob`.
        value = _HIDDEN.sub("\ufffd", value)
    return clean_text(value, MAX_NAME).strip()


def parse_time(value: Any) -> datetime | None:
    """Return an ISO 8601 time in UTC, where a missing zone means UTC; None for anything else."""
    try:
        time = datetime.fromisoformat(value)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
