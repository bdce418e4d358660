"""What is kept of texts, names and times that Joystick sends."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

# Characters of a name and of a text that are kept. The columns of names are as long.
MAX_NAME = 100
MAX_TEXT = 4000

# What a terminal obeys, what ends a line, and what turns the direction of text. No name on Joystick has it.
HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


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
    if value.isascii() and value.isprintable() and len(value) <= MAX_NAME:  # the usual case, which is clean already
        return value.strip()
    if not value.isprintable():
        # Left out, they would make one viewer of two: `Bob` and `B\x7fob`.
        value = HIDDEN.sub("\ufffd", value)
    return clean_text(value, MAX_NAME).strip()


def parse_time(value: Any) -> datetime | None:
    """Return an ISO 8601 time in UTC, where a missing zone means UTC; None for anything else."""
    try:
        time = datetime.fromisoformat(value)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
