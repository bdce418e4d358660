"""An event's envelope, whichever version, and how values are read out of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

MAX_NAME = 100
MAX_TEXT = 4000
MAX_NUMBER = 10**9

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


class FrameError(ValueError):
    """A frame that is no frame, or an event that lacks what it needs. `str(error)` is the reason."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The same for both versions. `data`: v2's data or v1's metadata; in v1's chat the message itself."""

    uid: str
    kind: str
    channel_id: str
    occurred_at: datetime | None
    text: str
    data: Mapping[str, Any]

    def common(self, username: str = "", *, is_chat: bool = False) -> dict[str, Any]:
        """The keyword arguments that every Event takes. What is not chat may carry markup, which is taken out."""
        return {
            "uid": self.uid,
            "kind": self.kind,
            "channel_id": self.channel_id,
            "occurred_at": self.occurred_at,
            "text": self.text if is_chat else strip_markup(self.text),
            "username": username,
        }

    def name(self, *keys: str) -> str:
        """The first name among `keys`; "" when there is none."""
        names = (clean_text(self.data.get(key), MAX_NAME).strip() for key in keys)
        return next((name for name in names if name), "")

    def whole(self, key: str, *, least: int = 0, most: int = MAX_NUMBER) -> int | None:
        """A whole number from `least` to `most`, also where it comes as a string; None for anything else."""
        value = self.data.get(key)
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            return None
        return value


def strip_markup(text: str) -> str:
    """`text` without tags and entities: the platform writes `<strong class='…'>Water break</strong>`."""
    return clean_text(unescape(_TAG.sub("", text)))


def clean_text(value: Any, most: int = MAX_TEXT) -> str:
    """A string that every database takes: no NUL, no lone surrogate, at most `most` characters. Not a string: ""."""
    if not isinstance(value, str):
        return ""
    if value.isascii():
        return value.replace("\0", "")[:most]
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:most]


def parse_time(value: Any) -> datetime | None:
    """An ISO 8601 time in UTC; None for anything else."""
    try:
        when = datetime.fromisoformat(value)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
