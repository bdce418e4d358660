"""What a Celery worker knows of itself, for its `/health`."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery.signals import task_received
from celery.worker import state
from django.conf import settings

from effects.queue.wakeups import DRAIN
from pixelbot_site.kit import alive
from pixelbot_site.kit.alive import Sign
from pixelbot_site.metrics import port

log = logging.getLogger("health")

# Seconds without any task after which a worker counts as deaf. The schedule sends one every two seconds.
DEAF_AFTER = 60.0


class Pulse:
    """When the last task came, and what is performed."""

    def __init__(self) -> None:
        self._received_at = time.monotonic()

    def receive(self, **_: Any) -> None:
        """Note that a task came."""
        self._received_at = time.monotonic()

    def sign(self) -> Sign:
        """Return whether tasks come, and which lanes are performed now."""
        age = time.monotonic() - self._received_at
        requests = list(state.active_requests)
        lanes = sorted(
            {str(lane) for request in requests if request.name == DRAIN for lane in (request.args or ())[:1]}
        )
        facts = {"seconds_since_task": round(age, 1), "running_tasks": len(requests), "lanes": lanes}
        return Sign(age < DEAF_AFTER, facts)


def begin() -> None:
    """Let this process's worker tell of itself, and open HEALTH_PORT."""
    pulse = Pulse()
    task_received.connect(pulse.receive, weak=False)
    alive.register("worker", pulse.sign)
    port.serve()


def begin_by_itself(consumer: Any) -> None:
    """Do the same in a worker that is a process of its own; warn where its tasks are performed in other processes."""
    begin()
    if settings.METRICS_TOKEN and settings.HEALTH_PORT and "prefork" in type(consumer.pool).__module__:
        log.warning("what this worker's child processes count is not in its /metrics: start it with --pool threads")
