"""Where Celery looks: doors to the queue's verbs."""

from __future__ import annotations

import logging
import threading

from celery import shared_task
from django.utils import timezone

from economy import cooldowns
from effects.obs import names, reverts
from effects.queue import cleanup, worker
from effects.queue import rescue as rescuing

log = logging.getLogger("queue")

stopping = threading.Event()
"""Set by the embedded process when it is about to end: no new item is begun."""


@shared_task(name="effects.drain")
def drain(lane: str) -> None:
    """Work on `lane` until there is nothing left to do in it."""
    worker.drain(lane, stopped=stopping.is_set)


@shared_task(name="effects.rescue")
def rescue() -> None:
    """Every few seconds: items whose worker or overlay went away, wake-ups that were lost, and what is due in OBS."""
    rescuing.rescue()
    reverts.revert_due()


@shared_task(name="effects.check_obs")
def check_obs() -> None:
    """Every half minute: does OBS still have what effects name?"""
    names.check()


@shared_task(name="effects.tidy")
def tidy() -> None:
    """Every hour: what nobody needs any more."""
    cleanup.tidy()
    cooldowns.sweep(now=timezone.now())


@shared_task(name="effects.revert")
def revert() -> None:
    """The way back from a scene, or a source that vanishes again: at its moment."""
    reverts.revert_due()
