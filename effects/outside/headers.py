"""Headers of a webhook target. They can hold passwords: stored sealed, shown by their names only."""

from __future__ import annotations

import json
import re

from pixelbot_site.kit import secrets_at_rest

MAX_HEADERS = 20
MAX_VALUE = 1000
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
# What the request itself sets, or what would change where it goes and where it ends.
OURS = frozenset(
    {
        *("host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade", "te", "trailer"),
        *("expect", "accept-encoding", "x-pixelbot-signature"),
    }
)


def parse(lines: str) -> dict[str, str]:
    """Return the headers of `Name: value` lines. Raise ValueError with a sentence, which repeats no value."""
    headers: dict[str, str] = {}
    for number, line in enumerate(filter(None, map(str.strip, lines.splitlines())), 1):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not _NAME.fullmatch(name):
            raise ValueError(f"Line {number} must be a name, a colon and a value.")
        if name.casefold() in OURS:
            raise ValueError(f"The bot sets {name} itself.")
        if len(value) > MAX_VALUE or not _VALUE.fullmatch(value):
            raise ValueError(f"The value of {name} must be of 1 to {MAX_VALUE} plain characters (ASCII).")
        if name.casefold() in map(str.casefold, headers):
            raise ValueError(f"{name} is there twice.")
        headers[name] = value
    if len(headers) > MAX_HEADERS:
        raise ValueError(f"There are more than {MAX_HEADERS} headers.")
    return headers


def seal(headers: dict[str, str]) -> str:
    """Return the headers encrypted; "" for none."""
    return secrets_at_rest.seal(json.dumps(headers)) if headers else ""


def unseal(sealed: str) -> dict[str, str]:
    """Return the headers that `seal` encrypted. Raise Failed where SECRET_KEY was changed."""
    headers: dict[str, str] = json.loads(secrets_at_rest.unseal(sealed) or "{}")
    return headers
