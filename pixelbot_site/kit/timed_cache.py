"""A value that takes a while to find, kept for some seconds."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class TimedCache(Generic[V]):
    """Keeps the last value, for one key at a time. Threads that ask meanwhile wait for who computes it.

    `keeps` says which values are kept; the others are computed each time.
    """

    def __init__(self, seconds: float = math.inf, *, keeps: Callable[[V], bool] = lambda value: True) -> None:
        self.seconds = seconds
        self._keeps = keeps
        self._lock = threading.Lock()
        self._kept: tuple[Hashable, V, float] | None = None  # with when it was computed, by `time.monotonic`

    def get(self, compute: Callable[[], V], *, key: Hashable = None) -> V:
        """Return the value that is kept for `key`. Without one, or after `seconds`, return what `compute` does."""
        with self._lock:
            if self._kept is not None and self._kept[0] == key and time.monotonic() < self._kept[2] + self.seconds:
                return self._kept[1]
            value = compute()
            if self._keeps(value):
                self._kept = (key, value, time.monotonic())
            return value

    def forget(self) -> None:
        """Have the value computed the next time."""
        with self._lock:
            self._kept = None
