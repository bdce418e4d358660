"""Where Celery looks: doors to the queue's verbs."""

from __future__ import annotations

import logging
import threading

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from economy import cooldowns
from effects.obs import actions, names
from effects.queue import items
from effects.queue import rescue as rescuing

log = logging.getLogger("queue")

stopping = threading.Event()
"""Set by the embedded process when it is about to end: no new item is begun."""


@shared_task(name="effects.drain")
def drain(lane: str) -> None:
    """Work on `lane` until there is nothing left to do in it."""
    items.drain(lane, stopped=stopping.is_set)


@shared_task(name="effects.rescue")
def rescue() -> None:
    """Every few seconds: items whose worker or overlay went away, wake-ups that were lost, and what is due in OBS."""
    rescuing.rescue()
    actions.revert_due()


@shared_task(name="effects.check_obs")
def check_obs() -> None:
    """Every half minute: does OBS still have what effects name?"""
    names.check()


@shared_task(name="effects.tidy")
def tidy() -> None:
    """Every hour: what nobody needs any more."""
    rescuing.tidy()
    cooldowns.sweep(now=timezone.now())


@shared_task(name="effects.revert")
def revert() -> None:
    """The way back from a scene, or a source that vanishes again: at its moment."""
    actions.revert_due()


def revert_in(seconds: float) -> None:
    """Have it looked, in so many seconds, what is due in OBS. A lost call delays until the next rescue."""
    try:
        revert.apply_async(countdown=seconds, retry=False)
    except OperationalError as error:
        log.warning("the broker is away, the way back waits for the rescue: %s", error)


def wake(lane: str) -> None:
    """Tell a worker about `lane`. A broker that is away is only logged: `rescue` will find the items."""
    try:
        drain.apply_async((lane,), retry=False, expires=60)
    except OperationalError as error:
        log.warning("the broker is away, lane %s waits for the rescue: %s", lane, error)
