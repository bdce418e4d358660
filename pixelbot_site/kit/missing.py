"""Imports that do without what is installed, so that a start takes less."""

from __future__ import annotations

import importlib.metadata
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


@contextmanager
def without_extensions() -> Iterator[None]:
    """Let imports find no entry points inside: to find some, each search looks at every package that is installed."""
    search = importlib.metadata.entry_points
    importlib.metadata.entry_points = lambda **_: importlib.metadata.EntryPoints()  # type: ignore[assignment]  # asked by group
    try:
        yield
    finally:
        importlib.metadata.entry_points = search
