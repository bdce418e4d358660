"""Values that the dashboard changes while the bot runs, such as settings and phrases.

They are read again once a second, so that every process follows within a second, without a message that could be lost
and without a query for each event: by a thread that reads one after another, else by whoever asks off the event loop.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakSet

T = TypeVar("T")

# Seconds for which a process goes on with what it has read.
MAX_AGE = 1.0
# Seconds between two values, where a thread reads them: a dozen are read in much less than MAX_AGE.
READ_EVERY = 0.04
# Seconds after which the thread reads a value again: in time for MAX_AGE, and while nothing happens, hardly any work.
DUE_AFTER = 0.7


class Live(Generic[T]):
    """A value that is read again where it is older than MAX_AGE. Until `use` is called, it is the first one."""

    def __init__(self, first: T) -> None:
        self._first = first
        self._value = first
        self._read: Callable[[], T] | None = None
        self._good_until = math.inf
        self._read_at = time.monotonic()
        _all.add(self)

    def use(self, read: Callable[[], T] | None) -> None:
        """Take the value from `read`; None: the first value again. `read` must not raise."""
        self._read = read
        self._value = self._first
        self._good_until = math.inf if read is None else 0.0

    def read_again(self) -> None:
        """Have the value read when it is next asked for."""
        if self._read is not None:
            self._good_until = 0.0

    @property
    def age(self) -> float:
        """Return how many seconds ago the value was read; 0 where it is never read."""
        return 0.0 if self._read is None else time.monotonic() - self._read_at

    def current(self) -> T:
        """Return the value; the same object as before where nothing changed."""
        if self._read is not None and time.monotonic() >= self._good_until and not _is_on_event_loop():
            self.read()
        return self._value

    def read(self) -> None:
        """Read the value now, if it is one that is read."""
        if self._read is None:
            return
        self._good_until = time.monotonic() + MAX_AGE  # before it is read: other threads need not read it, too
        value = self._read()
        self._read_at = time.monotonic()
        if value != self._value:
            self._value = value


_all: WeakSet[Live[Any]] = WeakSet()


def read_oldest() -> None:
    """Read the value of this process that was read longest ago, if it is due.

    For a thread that does so every READ_EVERY seconds: nobody else has to wait for a value then. Reading all of them at
    once would take the interpreter from whoever stores events for 2 ms.
    """
    oldest = max(list(_all), key=lambda value: value.age, default=None)
    if oldest is not None and oldest.age >= DUE_AFTER:
        oldest.read()


def _is_on_event_loop() -> bool:
    # There, the database must not be asked. Other threads of the process ask it often enough.
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
