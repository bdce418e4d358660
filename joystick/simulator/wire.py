"""How Rails writes JSON, and how little it minds what it reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def encode(frame: Mapping[str, Any]) -> str:
    """JSON as Rails writes it: compact, é and emoji as they are, but `<`, `>`, `&`, U+2028 and U+2029 escaped."""
    text = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def read_object(text: str) -> dict[str, Any]:
    """A JSON object; an empty one for anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
