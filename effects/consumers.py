"""The overlays' websockets: a skin that turns messages into frames and reports into verbs of the queue."""

from __future__ import annotations

import json
import logging
from typing import Any

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from effects.models import Overlay
from effects.overlays import messages
from effects.queue import playback

log = logging.getLogger("overlay")


class NoSuchSocket(AsyncWebsocketConsumer):
    """A socket at an address that nobody serves: closed, without a word in the log."""

    async def connect(self) -> None:
        """Refuse the handshake."""
        await self.close()


class OverlayConsumer(AsyncWebsocketConsumer):
    """One connected overlay page.

    To the page: objects with a `type` and, where they belong to one, the id of the queue `item`.
    From the page: `{"type": "started" | "finished" | "failed", "item": <id>, "attempt": <n>, "reason": "…"}`.
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
        await self.channel_layer.group_add(messages.GROUP, self.channel_name)
        await self.accept()
        log.info("%s connected", self.name)
        playing = await database_sync_to_async(playback.playing)()
        # What ended while this page was away, it need not show any more.
        await self.send(json.dumps({"type": "current", "items": [item_id for item_id, _ in playing]}))
        for item_id, message in playing:
            await self.send(json.dumps(messages.frame(item_id, message)))

    async def disconnect(self, code: int) -> None:
        """The page went away, or its network did."""
        await self.channel_layer.group_discard(messages.GROUP, self.channel_name)
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
            kind, item_id, attempt = report["type"], int(report["item"]), int(report["attempt"])
        except RecursionError:  # nested a thousand levels deep: nobody's page sends that
            log.warning("%s sent a report that is nested too deeply, and is disconnected", self.name)
            await self.close()
            return
        except (ValueError, TypeError, KeyError, OverflowError):
            log.warning("%s sent something that is no report: %.200r", self.name, text_data)
            return
        if kind == "started":
            await database_sync_to_async(playback.started)(item_id, attempt)
        elif kind == "finished":
            await database_sync_to_async(playback.finished)(item_id, attempt)
        elif kind == "failed":
            reason = str(report.get("reason", ""))[:500]
            await database_sync_to_async(playback.could_not_play)(item_id, attempt, reason)

    async def _recognise(self) -> str | None:
        secret = self.scope["url_route"]["kwargs"]["secret"]
        overlays = Overlay.objects.filter(secret=secret).values_list("name", flat=True)
        name: str | None = await database_sync_to_async(overlays.first)()
        return name
