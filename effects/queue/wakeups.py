"""Messages to the workers. They carry a lane's name and nothing else: the queue's rows are the truth.

Tasks are sent by name, so that the queue does not import `effects.tasks`, which imports the queue.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError

from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("queue")

DRAIN = "effects.drain"
REVERT = "effects.revert"


def wake(lane: str) -> None:
    """Tell a worker after the commit that `lane` has something to do."""
    after_commit(send_drain, lane)


def send_drain(lane: str) -> None:
    """Tell a worker now that `lane` has something to do. If the broker is away, `rescue` finds the items."""
    _send(DRAIN, lane, expires=60)


def revert_in(seconds: float) -> None:
    """Have a worker look in `seconds` for OBS changes to undo. If the broker is away, the next `rescue` does it."""
    _send(REVERT, countdown=seconds)


def _send(task: str, *args: Any, **options: Any) -> None:
    try:
        current_app.send_task(task, args, retry=False, ignore_result=True, **options)
    except OperationalError as error:
        log.warning("the broker is away, %s%s waits for the rescue: %s", task, args, error)
