"""Tuning of the garbage collector for a process that handles events for hours."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# New objects before a collection of the youngest generation. With Python's 700, a full batch of events has 40 of them.
YOUNG_THRESHOLD = 50_000


def settle() -> None:
    """Exclude what is in memory from future collections, and collect less often. Call it once all is imported.

    manage.py switches the collector off before `runbot` imports anything: it would visit every object again and again,
    a quarter of the start's time, and find nothing. What little garbage the imports left stays with the frozen objects.
    """
    gc.freeze()
    gc.enable()
    gc.set_threshold(YOUNG_THRESHOLD, 20, 50)


@contextmanager
def collected() -> Iterator[None]:
    """Collect garbage while the block runs, also before `settle`: for work that leaves a hundred megabytes of it."""
    was_enabled = gc.isenabled()
    gc.enable()
    try:
        yield
    finally:
        gc.collect()
        if not was_enabled:
            gc.disable()
