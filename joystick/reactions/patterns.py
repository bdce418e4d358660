"""Patterns for words in chat: regular expressions that take time in proportion to the text, whatever they are."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

# Bytes that a pattern may take. One that needs more is refused.
MAX_MEMORY = 1 << 18
_OPTIONS = re2.Options()
_OPTIONS.case_sensitive = False
_OPTIONS.log_errors = False
_OPTIONS.max_mem = MAX_MEMORY


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, _OPTIONS)


def mistake(pattern: str) -> str:
    """Return what is wrong with a pattern, in a sentence, or ""."""
    try:
        _compiled(pattern)
    except re2.error as error:
        reason = error.args[0]
        return f"This is no pattern: {reason.decode(errors='replace') if isinstance(reason, bytes) else reason}."
    return ""


def is_found(pattern: str, text: str) -> bool:
    """Return whether the pattern matches somewhere in the text, in any case; False for what is no pattern."""
    try:
        return _compiled(pattern).search(text) is not None
    except re2.error:
        return False
