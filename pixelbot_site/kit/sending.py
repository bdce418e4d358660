"""Sending Celery's tasks by their names, so that whoever sends one need not import what does it."""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError

from pixelbot_site.kit.channel_layer import redis_error
from pixelbot_site.kit.pause import Pause

log = logging.getLogger("queue")

pause = Pause()


def send(task: str, *args: Any, **options: Any) -> bool:
    """Send a task by its name. If the broker is away, log that and return False; the schedule must do the same work."""
    if pause.is_on():
        return False
    errors = broker_errors()
    try:
        with pause.after(*errors):
            # `retry=False`: the caller, often the thread that handles chat, must not wait while Redis is away.
            current_app.send_task(task, args, retry=False, ignore_result=True, **options)
    except errors as error:
        log.warning("the broker is away, %s%s waits for the schedule: %s", task, args, error)
        return False
    return True


def broker_errors() -> tuple[type[Exception], ...]:
    """Return what sending raises while the broker is away."""
    # A Redis that hangs comes as its client's own error. One process alone has none of it, and does not import it.
    return (OperationalError,) if current_app.conf.broker_url.startswith("bell:") else (OperationalError, redis_error())
