"""The overlays' sockets that are open in this process: whose they are, and how many there may be."""

from __future__ import annotations

import logging
import time

from effects.models import Overlay
from effects.settings_table import QueueSettings

log = logging.getLogger("overlay")

# Seconds between two lines of the log about refused pages: one that is refused tries again and again.
REFUSAL_EVERY = 60.0


def overlay_of(secret: str) -> Overlay | None:
    """Return the overlay with this secret in its address, or None."""
    return Overlay.objects.filter(secret=secret).first()


class OpenSockets:
    """Counts the sockets that were accepted. Not thread-safe: it belongs to one event loop."""

    def __init__(self) -> None:
        self._open: set[object] = set()
        self._refused_at = -REFUSAL_EVERY

    def add(self, socket: object, name: str) -> bool:
        """Count a socket of the overlay `name`; return False where OVERLAY_SOCKETS_MAX are open."""
        most = QueueSettings.current().overlay_sockets_max
        if len(self._open) < most:
            self._open.add(socket)
            return True
        now = time.monotonic()
        if now - self._refused_at >= REFUSAL_EVERY:
            self._refused_at = now
            log.warning("%s was refused: %d pages are connected, as OVERLAY_SOCKETS_MAX allows", name, most)
        return False

    def discard(self, socket: object) -> None:
        """Count a socket no more, if it was counted."""
        self._open.discard(socket)
