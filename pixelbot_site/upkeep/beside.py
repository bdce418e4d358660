"""What the listener looks after beside its own work, so that it is done while the Celery workers are gone."""

from __future__ import annotations

from effects import tasks as queue
from joystick import tasks as line
from pixelbot_site.upkeep import heartbeat


def look_after() -> None:
    """Rescue the queue's items, watch the line, and log a schedule or workers that stand still."""
    queue.rescue_items()
    line.watch()
    heartbeat.warn()
