"""Sending Celery's tasks by their names, so that whoever sends one need not import what does it."""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger("queue")


def send(task: str, *args: Any, **options: Any) -> bool:
    """Send a task by its name. If the broker is away, log that and return False; the schedule must do the same work."""
    try:
        # `retry=False`: the caller, often the thread that handles chat, must not wait while Redis is away.
        current_app.send_task(task, args, retry=False, ignore_result=True, **options)
    except OperationalError as error:
        log.warning("the broker is away, %s%s waits for the schedule: %s", task, args, error)
        return False
    return True
