"""What the listener looks after beside its own work, so that it is done while the Celery workers are gone."""

from __future__ import annotations

from effects.queue.upkeep import rescue
from joystick import tasks as line
from pixelbot_site.upkeep import heartbeat


def look_after() -> None:
    """Rescue the queue's items, watch the line, and log a schedule or workers that stand still.

    What is due in OBS and by OSC waits for a worker: where the listener runs, OBS may be out of reach, and a process
    that has asked it in vain takes it to be away.
    """
    rescue.rescue()
    line.watch()
    heartbeat.warn()
