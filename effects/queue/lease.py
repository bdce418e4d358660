"""The lease that a worker holds on an item while it performs it: renewed as long as the worker lives and is in time.

A worker that died renews nothing, so that `rescue` finds the item soon after; one that hangs is not renewed
beyond its deadline.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, connections
from django.utils import timezone

from effects.models import QueueItem, State

log = logging.getLogger("queue")

# With the two seconds between rescues, less than the fifteen after which an item of a dead worker goes on.
LENGTH = timedelta(seconds=12)
RENEW_EVERY = 3.0

# (item, attempt) → the moment (monotonic) after which it is not renewed any more.
_held: dict[tuple[int, int], float] = {}
_lock = threading.Lock()
_filled = threading.Event()
_thread: threading.Thread | None = None


@contextmanager
def of(item: QueueItem, *, seconds: float) -> Iterator[None]:
    """Keep the item's lease alive while the block runs, for so many seconds at most."""
    key = (item.pk, item.attempts)
    with _lock:
        _held[key] = time.monotonic() + seconds
        _start()
    _filled.set()
    try:
        yield
    finally:
        with _lock:
            _held.pop(key, None)


def _start() -> None:
    global _thread
    if _thread is None or not _thread.is_alive():  # a forked worker has none of its parent's threads
        _thread = threading.Thread(target=_renew, name="leases", daemon=True)
        _thread.start()


def _renew() -> None:
    while True:
        _filled.wait()
        time.sleep(RENEW_EVERY)  # this thread is nobody's worker
        with _lock:
            now = time.monotonic()
            alive = [key for key, until in _held.items() if until > now]
            if not _held:
                _filled.clear()
        try:
            for item_id, attempt in alive:
                QueueItem.objects.filter(
                    pk=item_id, attempts=attempt, state=State.RUNNING, told_at__isnull=True
                ).update(lease_until=timezone.now() + LENGTH)
        except (DatabaseError, InterfaceError) as error:
            # It is tried again; without the database nobody takes the item away either.
            log.warning("leases could not be renewed: %s", error)
        finally:
            connections.close_all()
