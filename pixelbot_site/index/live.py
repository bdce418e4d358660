"""Live updates of the index and the dock: a websocket for each open page, one look at the database for all of them."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError
from django.db.models import Max

from economy.models import Transaction
from effects.models import UNFINISHED, Lane, QueueItem, State
from joystick.models import InboundEvent
from pixelbot_site.index import board
from pixelbot_site.index.board import View
from pixelbot_site.index.choice import choice
from pixelbot_site.kit import present_channel

log = logging.getLogger("dashboard")

# Seconds between two looks, and between two looks at what changes slowly. An event shows within one second.
LOOK_EVERY = 0.7
SLOW_EVERY = 5.0
SLOW = ("lamps", "dock_lamps", "figures", "charts")
MAX_SOCKETS = 64
# Seconds between two looks at whether those who have a page open are still logged in, and what they may see.
CHECK_EVERY = 30.0


class Board:
    """Looks at the database while any page is open, and sends each page the parts that changed.

    It asks the database rather than being told: so a page misses nothing, whichever process did it, and an event costs
    nothing while no page is open.
    """

    def __init__(self) -> None:
        self._pages: dict[DashboardConsumer, View] = {}
        self._new: set[DashboardConsumer] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, page: DashboardConsumer, view: View) -> bool:
        """Begin to send to a page. Return False where too many are open."""
        if len(self._pages) >= MAX_SOCKETS:
            return False
        self._pages[page] = view
        self._new.add(page)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return True

    def discard(self, page: DashboardConsumer) -> None:
        """Send to a page no more."""
        self._pages.pop(page, None)
        self._new.discard(page)

    async def _run(self) -> None:
        look, checked_at = _Look(), time.monotonic()
        while self._pages:
            await asyncio.sleep(LOOK_EVERY)
            try:
                if time.monotonic() - checked_at >= CHECK_EVERY:
                    checked_at = time.monotonic()
                    await self._check_logins()
                await self._send(look)
            except (OperationalError, InterfaceError) as error:
                log.warning("the open pages could not be updated: %s", error)
            except Exception:  # the edge of this task: one broken look must not end the updates of every page
                log.exception("the open pages could not be updated")

    async def _send(self, look: _Look) -> None:
        found = await database_sync_to_async(look.changed)(set(self._pages.values()))
        new, self._new = self._new, set()
        for page, view in list(self._pages.items()):
            # A new page may lack what was sent to the others after it was loaded.
            if parts := look.last(view) if page in new else found.get(view):
                await page.show(parts)

    async def _check_logins(self) -> None:
        for page in list(self._pages):
            view = await database_sync_to_async(page.view)()
            if view is None:
                await page.close()
            elif page in self._pages:
                self._pages[page] = view


class _Look:
    """What was last sent to those with the same view."""

    def __init__(self) -> None:
        self._sent: dict[tuple[View, str], str] = {}
        self._seen: dict[str, Any] = {}
        self._slow_at = 0.0

    def changed(self, views: set[View]) -> dict[View, dict[str, str]]:
        """Return the parts that changed, by the view that they belong to."""
        names = self._names()
        return {view: self._new(names, view) for view in views}

    def _new(self, names: list[str], view: View) -> dict[str, str]:
        known = (view, "") in self._sent
        self._sent[view, ""] = ""
        wanted = [name for name in board.PAGES[view.page] if name in names or not known]
        with present_channel.within(view.channel_id):
            parts = board.render(wanted, view.may)
        new = {name: html for name, html in parts.items() if self._sent.get((view, name)) != html}
        self._sent |= {(view, name): html for name, html in new.items()}
        return new

    def last(self, view: View) -> dict[str, str]:
        """Return all parts of a view as they were last sent."""
        return {name: html for (of, name), html in self._sent.items() if of == view and name}

    def _names(self) -> list[str]:
        """Return the parts that may have changed since the last look, found by a few small queries."""
        unfinished = QueueItem.objects.filter(state__in=UNFINISHED).order_by("id")
        queue = [
            *unfinished.values_list("id", "state", "priority", "playing_at", "folded")[:200],
            *Lane.objects.filter(paused_at__isnull=False).order_by("name").values_list("name", "paused_by"),
        ]
        # What waits for its time says in how many seconds.
        waits = QueueItem.objects.filter(due_at__isnull=False, state=State.PENDING).exists()
        second = int(time.time()) if waits else 0
        ended = QueueItem.objects.aggregate(last=Max("finished_at"))["last"]
        event = InboundEvent.objects.aggregate(last=Max("id"))["last"]
        # What came of an event changes with its items, and with points that are given back.
        paid = Transaction.objects.aggregate(last=Max("id"))["last"]
        seen = {"queue": (queue, ended, second), "failures": ended, "feed": (event, paid, queue, ended)}
        names = [name for name, value in seen.items() if self._seen.get(name, self) != value]
        self._seen = seen
        if time.monotonic() - self._slow_at >= SLOW_EVERY:
            self._slow_at = time.monotonic()
            names += SLOW
        return names


_board = Board()


class DashboardConsumer(AsyncWebsocketConsumer):
    """The socket of one open page. It sends `{part: html}`, and takes nothing."""

    async def connect(self) -> None:
        """Accept staff who are logged in."""
        view = await database_sync_to_async(self.view)()
        if view is None:
            await self.close()
            return
        await self.accept()
        if not _board.add(self, view):
            await self.close()

    def view(self) -> View | None:
        """Return the page and what may be seen of it now; None for whoever is logged in no more, or is not staff."""
        page, session, owner = self.scope["url_route"]["kwargs"]["page"], self.scope["session"], self.scope["user"]
        if page not in board.PAGES or owner is None or not session.exists(session.session_key or ""):
            return None
        user = User.objects.filter(pk=owner.pk, is_active=True, is_staff=True).first()
        if user is None:
            return None
        asked = parse_qs(self.scope.get("query_string", b"").decode("ascii", "replace")).get("channel", [""])[0]
        return View(page, board.may(user), choice(asked).channel_id if asked else "")

    async def disconnect(self, code: int) -> None:
        """Forget the page."""
        _board.discard(self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Ignore what a page sends."""

    async def show(self, parts: dict[str, str]) -> None:
        """Send the parts that changed."""
        await self.send(json.dumps(parts))
