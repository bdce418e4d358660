"""Where Celery looks: doors to the queue's verbs."""

from __future__ import annotations

import logging
import threading

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from economy import cooldowns
from effects import queue

log = logging.getLogger("queue")

stopping = threading.Event()
"""Set by the embedded process when it is about to end: no new item is begun."""


@shared_task(name="effects.drain")
def drain(lane: str) -> None:
    """Work on `lane` until there is nothing left to do in it."""
    queue.drain(lane, stopped=stopping.is_set)


@shared_task(name="effects.rescue")
def rescue() -> None:
    """Every few seconds: items whose worker or overlay went away, wake-ups that were lost."""
    queue.rescue()


@shared_task(name="effects.tidy")
def tidy() -> None:
    """Every hour: what nobody needs any more."""
    queue.tidy()
    cooldowns.sweep(now=timezone.now())


def wake(lane: str) -> None:
    """Tell a worker about `lane`. A broker that is away is only logged: `rescue` will find the items."""
    try:
        drain.apply_async((lane,), retry=False, expires=60)
    except OperationalError as error:
        log.warning("the broker is away, lane %s waits for the rescue: %s", lane, error)
