"""The overlays' websockets: a skin that turns messages into frames and reports into verbs of the queue."""

from __future__ import annotations

import json
import logging
from typing import Any

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from effects import overlay, queue
from effects.models import Overlay

log = logging.getLogger("overlay")

REPORTS = {"started": queue.started, "finished": queue.finish}


class OverlayConsumer(AsyncWebsocketConsumer):
    """One connected overlay page.

    To the page: objects with a `type` and, where they belong to one, the id of the queue `item`.
    From the page: `{"type": "started" | "finished" | "failed", "item": <id>, "reason": "…"}`.
    """

    name = ""

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the method that `message` names.

        Unlike the stock dispatch it does not visit the shared database thread first: a push to the overlay must not
        wait for somebody else's query. `database_sync_to_async` looks after connections where there is one.
        """
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        """Let in who knows the secret, and tell what is playing now."""
        name = await self._recognise()
        if name is None:
            await self.close()
            return
        self.name = name
        await self.channel_layer.group_add(overlay.GROUP, self.channel_name)
        await self.accept()
        log.info("%s connected", self.name)
        for item_id, message in await database_sync_to_async(queue.playing)():
            await self.send(json.dumps(overlay.frame(item_id, message)))

    async def disconnect(self, code: int) -> None:
        """The page went away, or its network did."""
        await self.channel_layer.group_discard(overlay.GROUP, self.channel_name)
        if self.name:
            log.info("%s disconnected", self.name)

    async def overlay_message(self, message: dict[str, Any]) -> None:
        """Something for the page."""
        await self.send(json.dumps(message["frame"]))

    async def overlay_recheck(self, message: dict[str, Any]) -> None:
        """Overlays were changed or deleted: is this one still to be let in?"""
        if await self._recognise() is None:
            await self.close()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A report from the page."""
        try:
            report = json.loads(text_data or "")
            kind, item_id = report["type"], int(report["item"])
        except (ValueError, TypeError, KeyError):
            log.warning("%s sent something that is no report: %.200r", self.name, text_data)
            return
        if kind == "failed":
            reason = f"The overlay could not play it: {str(report.get('reason', ''))[:500]}"
            await database_sync_to_async(queue.fail)(item_id, reason)
        elif kind in REPORTS:
            await database_sync_to_async(REPORTS[kind])(item_id)

    async def _recognise(self) -> str | None:
        secret = self.scope["url_route"]["kwargs"]["secret"]
        overlays = Overlay.objects.filter(secret=secret).values_list("name", flat=True)
        name: str | None = await database_sync_to_async(overlays.first)()
        return name
