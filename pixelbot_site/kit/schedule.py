"""Celery's schedule for the bot in one process, kept by monotonic time.

Celery's own beat compares wall clocks: put back an hour, it sends nothing for an hour.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.schedules import BaseSchedule

log = logging.getLogger("schedule")

# Seconds between two looks at entries that name a time of day.
LOOK_EVERY = 20.0


class Schedule:
    """Sends the tasks of `beat_schedule`: those with seconds at that interval, others as their crontab says."""

    def __init__(self, app: Celery, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._clock = clock
        self._stopped = threading.Event()
        self._entries: dict[str, dict[str, Any]] = dict(app.conf.beat_schedule)
        self._due_at = {name: clock() + _pause(entry["schedule"]) for name, entry in self._entries.items()}
        self._last_run = {name: app.now() for name in self._entries}

    def run(self) -> None:
        """Send what is due until `stop` is called."""
        while not self._stopped.wait(self.tick()):
            pass

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()

    def tick(self) -> float:
        """Send what is due now; return the seconds until something is due again."""
        for name, entry in self._entries.items():
            if self._due_at[name] <= self._clock():
                self._due_at[name] = self._clock() + _pause(entry["schedule"])
                if self._is_time(name, entry["schedule"]):
                    self._send(entry)
        return max(0.0, min(self._due_at.values()) - self._clock())

    def _is_time(self, name: str, schedule: float | BaseSchedule) -> bool:
        if not isinstance(schedule, BaseSchedule):
            return True
        # After the clock was put back, the last run would lie in the future.
        self._last_run[name] = min(self._last_run[name], self._app.now())
        if not schedule.is_due(self._last_run[name])[0]:
            return False
        self._last_run[name] = self._app.now()
        return True

    def _send(self, entry: dict[str, Any]) -> None:
        try:
            self._app.send_task(entry["task"], **entry.get("options", {}))
        except Exception:  # the others are still due
            log.exception("could not send %s", entry["task"])


def _pause(schedule: float | BaseSchedule) -> float:
    return LOOK_EVERY if isinstance(schedule, BaseSchedule) else float(schedule)
