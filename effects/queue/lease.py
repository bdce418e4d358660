"""The lease on an item that runs: a worker's, renewed by a thread until the item's deadline, and then the overlays'.

A dead worker renews nothing, so `rescue` finds its item within seconds. A worker that hangs loses its lease soon after
the deadline.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connections
from django.utils import timezone

from effects.models import QueueItem, State
from pixelbot_site.kit.threads import start_service

log = logging.getLogger("queue")

# Together with the two seconds between rescues, this keeps the promise that a dead worker costs under 15 seconds.
LENGTH = timedelta(seconds=12)
RENEW_EVERY = 3.0
# How long overlays have to report that they began.
START_WITHIN = timedelta(seconds=6)

# (item id, attempt) → the time (`time.monotonic`) after which the lease is not renewed.
_held: dict[tuple[int, int], float] = {}
_lock = threading.Lock()
_filled = threading.Event()
_thread: threading.Thread | None = None


@contextmanager
def hold(item: QueueItem, *, seconds: float) -> Iterator[None]:
    """Renew the item's lease while the block runs, for `seconds` at most."""
    key = (item.pk, item.attempts)
    with _lock:
        _held[key] = time.monotonic() + seconds
        _start_thread()
    _filled.set()
    try:
        yield
    finally:
        with _lock:
            _held.pop(key, None)


def hand_to_overlays(item: QueueItem, message: Mapping[str, Any], seconds: float) -> bool:
    """Store what performing the item led to, and that the overlays have it now. Return False if it ended meanwhile."""
    now = timezone.now()
    running = QueueItem.objects.filter(pk=item.pk, state=State.RUNNING, attempts=item.attempts)
    changed = running.update(
        overlay_message=message, overlay_seconds=seconds, told_at=now, lease_until=now + START_WITHIN, **item.made
    )
    return bool(changed)


def _start_thread() -> None:
    global _thread
    if _thread is None or not _thread.is_alive():  # after a fork, the parent's thread is dead in the child
        _thread = start_service("leases", _renew_forever)


def _renew_forever() -> None:
    while True:
        _filled.wait()  # no query at all while no lease is held
        time.sleep(RENEW_EVERY)
        with _lock:
            now = time.monotonic()
            alive = [key for key, until in _held.items() if until > now]
            if not _held:
                _filled.clear()
        try:
            for item_id, attempt in alive:
                # Once the overlays have it, the lease is theirs: `playback.started` sets it.
                QueueItem.objects.filter(
                    pk=item_id, attempts=attempt, state=State.RUNNING, told_at__isnull=True
                ).update(lease_until=timezone.now() + LENGTH)
        except (DatabaseError, InterfaceError) as error:
            # The next round tries again; without a database, no `rescue` can take the item away either.
            log.warning("leases could not be renewed: %s", error)
        finally:
            connections.close_all()
