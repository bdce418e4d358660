"""Messages to the workers. They carry at most a lane's name: the queue's rows are the truth.

Tasks are sent by name, because `effects.tasks` imports the queue.
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
    """Wake a worker for `lane` after the commit."""
    after_commit(send_drain, lane)


def wake_in(lane: str, seconds: float) -> None:
    """Wake a worker for `lane` that many seconds after the commit. If that is lost, the next `rescue` then does it."""
    after_commit(send, DRAIN, lane, countdown=max(0.0, seconds))


def send_drain(lane: str) -> None:
    """Wake a worker for `lane` now. If the broker is away, `rescue` finds the items."""
    # Older messages are useless: `rescue` has woken the lane many times since.
    send(DRAIN, lane, expires=60)


def revert_in(seconds: float) -> None:
    """Have a worker undo in `seconds` what is due in OBS and by OSC. Without a broker, the next `rescue` does it."""
    send(REVERT, countdown=seconds)


def send(task: str, *args: Any, **options: Any) -> None:
    """Send a task by its name. If the broker is away, that is logged; the schedule must do the same work."""
    try:
        # `retry=False`: the caller, often the thread that handles chat, must not wait while Redis is away.
        current_app.send_task(task, args, retry=False, ignore_result=True, **options)
    except OperationalError as error:
        log.warning("the broker is away, %s%s waits for the schedule: %s", task, args, error)
