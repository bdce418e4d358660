"""The overlays' WebSockets: messages become frames, and reports become calls of `effects.queue.playback`."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import InterfaceError, OperationalError
from prometheus_client import Counter

from effects.models import Overlay, OverlayWidget
from effects.overlays import layout, messages, pages
from effects.overlays.feed import Feed
from effects.overlays.sockets import OpenSockets, overlay_of
from effects.queue import playback
from pixelbot_site.kit.channel_layer import ThreadHopLayer

log = logging.getLogger("overlay")

LEADER_CHANGES = Counter(
    "pixelbot_overlay_leader_changes",
    "How often an open page of an overlay began or ceased to be the one that is heard.",
)

# A page sends three reports for each item, and has no more than some items in a second.
MAX_REPORTS_A_SECOND = 100
MAX_REPORT_CHARS = 2000

_open = OpenSockets()
_feed = Feed()


class NoSuchSocket(AsyncWebsocketConsumer):
    """A WebSocket at an unknown address: refused without a log entry, which could contain an overlay's secret."""

    async def connect(self) -> None:
        """Refuse the handshake."""
        await self.close()


class OverlayConsumer(AsyncWebsocketConsumer):
    """One connected overlay page. What goes over its socket is described in `docs/overlay-protocol.md`."""

    name = ""
    overlay_id = 0
    screen = ""  # what it shows: of which channel
    widget = ""  # the one that it shows alone
    leads = False  # it is the page of its overlay that is heard
    renewal: asyncio.Task[None] | None = None
    all_events = False  # it asked for the events of all kinds
    is_preview = False  # it is shown in the dashboard: it neither counts as open nor reports
    events: frozenset[str] = frozenset()  # the kinds that its widgets are told of
    _held: list[str] | None = None  # what it is told while it is greeted, and gets afterwards
    _reports = 0  # in the second that began at `_counted_from`
    _counted_from = 0.0
    _was_disconnected = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run the socket, which then counts no more, however it ended."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            _open.discard(self)
            await self._end_renewal()  # where the web server ends, it cancels the socket without `disconnect`

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the method that `message` names."""
        # Channels' own dispatch closes old connections in the shared database thread first, so that a push to the
        # overlay would wait for other queries. `database_sync_to_async` does that anyway where there is a query.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        """Accept a page that knows the secret, and send it what plays now. OVERLAY_SOCKETS_MAX may be open at once."""
        overlay = await self._overlay()
        self._held = []
        if overlay is None or not _open.add(self, overlay.name):
            await self.close()
            return
        if isinstance(self.channel_layer, ThreadHopLayer):
            self.channel_layer.listen(messages.GROUP, "overlay.message", _open.tell)
        self.name, self.overlay_id, self.screen = overlay.name, overlay.pk, overlay.channel_id
        asked = parse_qs(self.scope.get("query_string", b"").decode("ascii", "replace"))
        self.widget = asked.get("widget", [""])[0][:40]
        self.is_preview = asked.get("preview") == ["1"]
        self.all_events = asked.get("events") == ["all"]
        await self.channel_layer.group_add(messages.GROUP, self.channel_name)
        if not self.is_preview:
            # Before the page knows that it is connected: what is sold from then on needs an open overlay.
            await database_sync_to_async(self._store_open)(overlay, in_obs=asked.get("obs") == ["1"])
            self.renewal = asyncio.create_task(self._renew())
        await self.accept()
        log.info("%s connected", self.name)
        playing = await database_sync_to_async(playback.playing)(self.screen)
        await self._greet(overlay, playing=[item_id for item_id, _ in playing])
        for item_id, message in playing:
            await self.send_frame(messages.frame(item_id, message))
        await self._let_out()

    async def _let_out(self) -> None:
        held, self._held = self._held or [], None
        for text in held:
            await self.send(text)

    def _store_open(self, overlay: Overlay, *, in_obs: bool) -> None:
        pages.opened(self.channel_name, overlay, widget=self.widget, in_obs=in_obs)
        messages.tell_leader(overlay.pk, pages.leader(overlay.pk))

    def _store_closed(self) -> None:
        pages.closed(self.channel_name)
        messages.tell_leader(self.overlay_id, pages.leader(self.overlay_id))

    def _store_sound(self, allowed: bool) -> None:
        pages.set_may_sound(self.channel_name, allowed)
        messages.tell_leader(self.overlay_id, pages.leader(self.overlay_id))

    async def _greet(self, overlay: Overlay, *, playing: list[int]) -> None:
        rows, self.leads, hello = await database_sync_to_async(self._first_message)(overlay, playing)
        self.events = layout.wanted_events(rows)
        await self.send_frame(hello)
        _feed.add(self.send_frame, rows)

    def _first_message(self, overlay: Overlay, playing: list[int]) -> tuple[list[OverlayWidget], bool, dict[str, Any]]:
        leads = self._leads_now()
        rows = layout.shown_rows(overlay, self.widget)
        return rows, leads, layout.hello(overlay, self.widget, leads=leads, playing=playing)

    async def disconnect(self, code: int) -> None:
        """Leave the group: the page or its network is gone."""
        await self.channel_layer.group_discard(messages.GROUP, self.channel_name)
        _feed.discard(self.send_frame)
        await self._end_renewal()
        if self.name:
            log.info("%s disconnected", self.name)

    async def _end_renewal(self) -> None:
        if self.renewal is None:
            return
        self.renewal.cancel()
        self.renewal = None
        try:
            await database_sync_to_async(self._store_closed)()
        except (OperationalError, InterfaceError) as error:
            log.warning("%s could not be stored as closed: %s", self.name, error)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(pages.RENEW_EVERY)
            try:
                await database_sync_to_async(pages.renew)(self.channel_name)
                await self._ask_whether_it_leads()  # one that led may have died with its process
            except (OperationalError, InterfaceError) as error:
                log.warning("%s could not be stored as open: %s", self.name, error)

    async def overlay_message(self, message: dict[str, Any]) -> None:
        """Send a frame to the page. In one process, `_open` takes it out of the channel layer for all pages at once."""
        if messages.is_for(message, self.screen):
            await self.tell(json.dumps(message["frame"]))

    async def tell(self, text: str) -> None:
        """Send a frame to the page, after its greeting."""
        if self._held is None:
            await self.send(text)
        else:
            self._held.append(text)

    async def send_frame(self, frame: dict[str, Any]) -> None:
        """Send a JSON object to the page."""
        await self.send(json.dumps(frame))

    async def overlay_events(self, message: dict[str, Any]) -> None:
        """Send the page what its widgets are to be told of what happened on the channel."""
        happened = message["frame"]["events"]
        if messages.is_for(message, self.screen) and any(self._wants(event) for event in happened):
            fit = await _feed.fit(message["batch"], happened)
            events = [event for event in fit if self._wants(event)]
            await self.send_frame({"type": "events", "events": events})

    def _wants(self, event: dict[str, Any]) -> bool:
        return self.all_events or event["kind"] in self.events

    async def overlay_leader(self, message: dict[str, Any]) -> None:
        """Look whether this page is heard now: pages of its overlay came or went."""
        leads = message["leader"] == self.channel_name
        # Asked again: of two messages from two processes, the older one may come last.
        if message["overlay"] == self.overlay_id and leads != self.leads:
            await self._ask_whether_it_leads()

    async def _ask_whether_it_leads(self) -> None:
        leads = await database_sync_to_async(self._leads_now)()
        if leads != self.leads:
            self.leads = leads
            LEADER_CHANGES.inc()
            await self.send_frame({"type": "leader", "leader": leads})

    def _leads_now(self) -> bool:
        return pages.leader(self.overlay_id) == self.channel_name

    async def overlay_recheck(self, message: dict[str, Any]) -> None:
        """Close the socket if its secret is no longer valid, else greet the page anew: overlays were changed."""
        overlay = await self._overlay()
        if overlay is None:
            await self.close()
        elif self.name:
            self._held, self.screen = [], overlay.channel_id
            playing = await database_sync_to_async(playback.playing)(self.screen)
            await self._greet(overlay, playing=[item_id for item_id, _ in playing])
            await self._let_out()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Hand a report from the page to the queue. A page that sends too much is not ours: it is disconnected."""
        excess = self._excess(text_data or "")
        if excess:
            await self._disconnect(excess)
            return
        try:
            step = self._step(json.loads(text_data or ""))
        except RecursionError:
            await self._disconnect("a report that is nested too deeply")
            return
        except (ValueError, TypeError, KeyError, OverflowError):
            log.warning("%s sent an invalid report: %.200r", self.name, text_data)
            return
        if not self.is_preview:
            await database_sync_to_async(step)()

    def _step(self, report: Any) -> Callable[[], object]:
        """Return what a report leads to. Raise ValueError, TypeError, KeyError or OverflowError for an invalid one."""
        kind = report["type"]
        if kind == "sound":
            return partial(self._store_sound, bool(report["allowed"]))
        item_id, attempt = int(report["item"]), int(report["attempt"])
        if kind == "failed":
            return partial(playback.failed, item_id, attempt, str(report.get("reason", ""))[:500])
        steps = {"received": playback.received, "started": playback.started, "finished": playback.finished}
        return partial(steps[kind], item_id, attempt)

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
