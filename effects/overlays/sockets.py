"""The overlays' sockets that are open in this process: whose they are, how many there may be, and telling them all."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any, Protocol

from prometheus_client import Gauge

from effects.models import Overlay
from effects.overlays.messages import is_for
from effects.settings_table import QueueSettings

log = logging.getLogger("overlay")

SOCKETS = Gauge("pixelbot_overlay_sockets", "Open sockets of overlays in this process, previews included.")

# Seconds between two lines of the log about refused pages: one that is refused tries again and again.
REFUSAL_EVERY = 60.0
# So many sockets are told before the web server gets to write to them.
AT_ONCE = 20


class Socket(Protocol):
    """What can be told something. `screen`: what it shows, as `effects.overlays.screens` has it."""

    screen: str

    async def tell(self, text: str) -> None:
        """Send this to the page, without waiting for it."""


def overlay_of(secret: str) -> Overlay | None:
    """Return the overlay with this secret in its address, or None."""
    return Overlay.objects.filter(secret=secret).first()


class OpenSockets:
    """The sockets that were accepted. Not thread-safe: it belongs to one event loop."""

    def __init__(self) -> None:
        self._open: dict[Socket, None] = {}
        self._refused_at = -REFUSAL_EVERY

    def add(self, socket: Socket, name: str) -> bool:
        """Count a socket of the overlay `name`; return False where OVERLAY_SOCKETS_MAX are open."""
        most = QueueSettings.current().overlay_sockets_max
        if len(self._open) < most:
            self._open[socket] = None
            SOCKETS.set(len(self._open))
            return True
        now = time.monotonic()
        if now - self._refused_at >= REFUSAL_EVERY:
            self._refused_at = now
            log.warning("%s was refused: %d pages are connected, as OVERLAY_SOCKETS_MAX allows", name, most)
        return False

    def discard(self, socket: Socket) -> None:
        """Count a socket no more, if it was counted."""
        self._open.pop(socket, None)
        SOCKETS.set(len(self._open))

    async def tell(self, message: dict[str, Any]) -> None:
        """Send the frame in `message` to all of them that it is for."""
        text = json.dumps(message["frame"])
        for number, socket in enumerate([socket for socket in self._open if is_for(message, socket.screen)], 1):
            try:
                await socket.tell(text)
            except Exception as error:  # the edge of a socket, which may be about to close: the others are told
                log.debug("a page could not be told: %r", error)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
