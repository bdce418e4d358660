"""Leaving alone for a while what hung: each call would be held up until it is given up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

# Seconds: what took longer than the first before it failed is left alone for the second.
HUNG_AFTER = 1.0
LENGTH = 5.0


class Pause:
    """Of one server, for all threads of this process."""

    def __init__(self) -> None:
        self._until = 0.0  # `time.monotonic`

    def is_on(self) -> bool:
        """Return whether the server is to be left alone now."""
        return time.monotonic() < self._until

    @contextmanager
    def after(self, *errors: type[Exception]) -> Iterator[None]:
        """Begin where the block raises one of `errors` after HUNG_AFTER seconds; what it raises goes on."""
        began = time.monotonic()
        try:
            yield
        except errors:
            if time.monotonic() - began > HUNG_AFTER:
                self._until = time.monotonic() + LENGTH
            raise
