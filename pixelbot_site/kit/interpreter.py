"""Tuning of Python for a process that handles events for hours: its garbage collector, and the turns of threads."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# New objects before a collection of the youngest generation. With Python's 700, a full batch of events has 40 of them.
YOUNG_THRESHOLD = 50_000
# More than so many of those, and the middle generation is collected, too. A file of 30,000 viewers leaves a million
# objects: visited at once, they keep everything else waiting for 0.8 s.
MIDDLE_THRESHOLD = 4
OLD_THRESHOLD = 250
# Seconds that a thread may go on while another waits for Python. An event waits some 50 times, once after each step in
# the database: with Python's 5 ms, a page that computes beside it costs it 0.3 s.
SWITCH_INTERVAL = 0.001


def settle() -> None:
    """Exclude what is in memory from future collections, collect less often, and let threads take turns more often.

    Call it once all is imported.

    manage.py switches the collector off before `runbot` imports anything: it would visit every object again and again,
    a quarter of the start's time, and find nothing. What little garbage the imports left stays with the frozen objects.
    """
    gc.freeze()
    gc.enable()
    gc.set_threshold(YOUNG_THRESHOLD, MIDDLE_THRESHOLD, OLD_THRESHOLD)
    sys.setswitchinterval(SWITCH_INTERVAL)


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
