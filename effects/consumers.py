"""The overlays' WebSockets: messages become frames, and reports become calls of `effects.queue.playback`."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import InterfaceError, OperationalError

from effects.models import Overlay
from effects.overlays import messages, pages
from effects.overlays.sockets import OpenSockets, overlay_of
from effects.queue import playback

log = logging.getLogger("overlay")

# A page sends two reports for each item, and has no more than some items in a second.
MAX_REPORTS_A_SECOND = 100
MAX_REPORT_CHARS = 2000

_open = OpenSockets()


class NoSuchSocket(AsyncWebsocketConsumer):
    """A WebSocket at an unknown address: refused without a log entry, which could contain an overlay's secret."""

    async def connect(self) -> None:
        """Refuse the handshake."""
        await self.close()


class OverlayConsumer(AsyncWebsocketConsumer):
    """One connected overlay page.

    To the page: objects with a `type` and, where they belong to one, the id of the queue `item`.
    From the page: `{"type": "started" | "finished" | "failed", "item": <id>, "attempt": <n>, "reason": "…"}`.
    """

    name = ""
    renewal: asyncio.Task[None] | None = None
    _reports = 0  # in the second that began at `_counted_from`
    _counted_from = 0.0
    _was_disconnected = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run the socket, which then counts no more, however it ended."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            _open.discard(self)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the method that `message` names."""
        # Channels' own dispatch closes old connections in the shared database thread first, so that a push to the
        # overlay would wait for other queries. `database_sync_to_async` does that anyway where there is a query.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        """Accept a page that knows the secret, and send it what plays now. OVERLAY_SOCKETS_MAX may be open at once."""
        overlay = await self._overlay()
        if overlay is None or not _open.add(self, overlay.name):
            await self.close()
            return
        self.name = overlay.name
        await self.channel_layer.group_add(messages.GROUP, self.channel_name)
        # Before the page knows that it is connected: what is sold from then on needs an open overlay.
        await database_sync_to_async(pages.opened)(self.channel_name, overlay)
        self.renewal = asyncio.create_task(self._renew())
        await self.accept()
        log.info("%s connected", self.name)
        playing = await database_sync_to_async(playback.playing)()
        # A page that reconnects drops everything that is not in this list: it ended meanwhile.
        await self.send(json.dumps({"type": "current", "items": [item_id for item_id, _ in playing]}))
        for item_id, message in playing:
            await self.send(json.dumps(messages.frame(item_id, message)))

    async def disconnect(self, code: int) -> None:
        """Leave the group: the page or its network is gone."""
        await self.channel_layer.group_discard(messages.GROUP, self.channel_name)
        if self.renewal is not None:
            self.renewal.cancel()
            await database_sync_to_async(pages.closed)(self.channel_name)
        if self.name:
            log.info("%s disconnected", self.name)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(pages.RENEW_EVERY)
            try:
                await database_sync_to_async(pages.renew)(self.channel_name)
            except (OperationalError, InterfaceError) as error:
                log.warning("%s could not be stored as open: %s", self.name, error)

    async def overlay_message(self, message: dict[str, Any]) -> None:
        """Send a frame to the page."""
        await self.send(json.dumps(message["frame"]))

    async def overlay_recheck(self, message: dict[str, Any]) -> None:
        """Close the socket if its secret is no longer valid: overlays were changed or deleted."""
        if await self._overlay() is None:
            await self.close()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Hand a report from the page to the queue. A page that sends too much is not ours: it is disconnected."""
        excess = self._excess(text_data or "")
        if excess:
            await self._disconnect(excess)
            return
        try:
            report = json.loads(text_data or "")
            kind, item_id, attempt = report["type"], int(report["item"]), int(report["attempt"])
        except RecursionError:
            await self._disconnect("a report that is nested too deeply")
            return
        except (ValueError, TypeError, KeyError, OverflowError):
            log.warning("%s sent an invalid report: %.200r", self.name, text_data)
            return
        if kind == "started":
            await database_sync_to_async(playback.started)(item_id, attempt)
        elif kind == "finished":
            await database_sync_to_async(playback.finished)(item_id, attempt)
        elif kind == "failed":
            reason = str(report.get("reason", ""))[:500]
            await database_sync_to_async(playback.failed)(item_id, attempt, reason)

    def _excess(self, text: str) -> str:
        """Count a report; return what is too much of it, or ""."""
        now = time.monotonic()
        if now - self._counted_from >= 1:
            self._counted_from, self._reports = now, 0
        self._reports += 1
        if self._reports > MAX_REPORTS_A_SECOND:
            return f"more than {MAX_REPORTS_A_SECOND} reports in a second"
        return f"a report of more than {MAX_REPORT_CHARS} characters" if len(text) > MAX_REPORT_CHARS else ""

    async def _disconnect(self, excess: str) -> None:
        if self._was_disconnected:  # what was sent before the page heard of it
            return
        self._was_disconnected = True
        log.warning("%s sent %s, and is disconnected", self.name, excess)
        await self.close()

    async def _overlay(self) -> Overlay | None:
        return await database_sync_to_async(overlay_of)(self.scope["url_route"]["kwargs"]["secret"])
