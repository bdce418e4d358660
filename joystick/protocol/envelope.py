"""The envelope of an event, the same for v1 and v2, and how values are read from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Any

from pixelbot_site.kit.clean import clean_name, clean_text

# The largest number that is believed.
MAX_NUMBER = 10**9

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


class FrameError(ValueError):
    """A frame that can't be parsed, or an event without a value that it needs. `str(error)` is the reason."""


@dataclass(slots=True)  # not frozen: one for each event, and three times as quick to make
class Envelope:
    """What both versions have. `data` is v2's `data` or v1's `metadata`; for v1's chat it is the message itself."""

    uid: str
    kind: str
    channel_id: str
    occurred_at: datetime | None
    text: str
    data: Mapping[str, Any]

    def common(self, username: str = "") -> dict[str, Any]:
        """Return the keyword arguments of every Event but lines in chat, whose text keeps what looks like markup."""
        return {
            "uid": self.uid,
            "kind": self.kind,
            "channel_id": self.channel_id,
            "occurred_at": self.occurred_at,
            "text": strip_markup(self.text),
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
