"""The Celery tasks of the queue, of OBS and of OSC."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from celery import shared_task
from django.utils import timezone

from economy import cooldowns
from economy.earning import caps
from effects.obs import names, reverts
from effects.outside import osc_changes
from effects.queue import worker
from effects.queue.upkeep import cleanup, rescue

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event as SharedEvent

log = logging.getLogger("queue")

# Set when the process is to end: no new item is begun. In a Celery worker it is shared by its processes.
stopping: threading.Event | SharedEvent = threading.Event()


@shared_task(name="effects.drain")
def drain(lane: str) -> None:
    """Perform the items of `lane` until none is left or the overlays have one."""
    worker.drain(lane, stopped=stopping.is_set)


@shared_task(name="effects.rescue")
def rescue_items() -> None:
    """Recover items whose worker, overlay or wake-up was lost, and undo what is due in OBS and by OSC.

    Runs every two seconds.
    """
    rescue.rescue()
    osc_changes.send_back_due()
    reverts.revert_due()


@shared_task(name="effects.check_obs")
def check_obs() -> None:
    """Check that OBS still has the names in effects. Runs every half minute."""
    names.check()


@shared_task(name="effects.tidy")
def tidy() -> None:
    """Delete old speech, items, cooldowns and daily totals. Runs every hour."""
    now = timezone.now()
    cleanup.tidy(now=now)
    cooldowns.sweep(now=now)
    caps.sweep(now=now)


@shared_task(name="effects.revert")
def revert() -> None:
    """Undo what is due, at its moment rather than with the next rescue."""
    osc_changes.send_back_due()  # first: it takes no time, while OBS may have to be reached
    reverts.revert_due()
