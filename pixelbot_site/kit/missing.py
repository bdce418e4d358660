"""Imports that do without a module that is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def missing(name: str) -> Iterator[None]:
    """Let imports of the module fail inside, as if it were not installed. Where it is imported already, do nothing."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # as the language's reference says: it can't be found
    try:
        yield
    finally:
        del sys.modules[name]
