"""What widgets are told while their page is open: events of the channel, and their data when it has changed.

One object for all pages of this process: names and texts are made fit for the screen once for each batch of events,
and each widget's data is made once for all pages that show it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any

from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError

from effects.models import OverlayWidget
from effects.overlays.layout import options_of, snapshot
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import widgets
from pixelbot_site.kit import present_channel

log = logging.getLogger("overlay")

# Seconds between two looks: a change is on screen within this time.
LOOK_EVERY = 0.5
# Batches of events that are kept for the pages that have not asked for them yet.
BATCHES_KEPT = 8
# Events of a viewer that are not shown at all where the viewer is not to be on screen: what they wrote themselves.
OWN_WORDS = ("new_message",)

Event = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Feed:
    """Looks whether widgets' data has changed while any page shows one of them, and tells those pages."""

    def __init__(self) -> None:
        self._pages: dict[Send, list[OverlayWidget]] = {}
        self._batches: OrderedDict[str, asyncio.Task[list[Event]]] = OrderedDict()
        self._look = _Look()
        self._task: asyncio.Task[None] | None = None

    def add(self, send: Send, rows: Sequence[OverlayWidget]) -> None:
        """Tell a page, by `send`, when one of its widgets has other data than it had when it was added."""
        live = [row for row in rows if (made := widgets.get(row.kind)) and made.stamp]
        self._pages.pop(send, None)
        if live:
            self._pages[send] = live
            if self._task is None or self._task.done():
                self._look = _Look()
                self._task = asyncio.create_task(self._run())

    def discard(self, send: Send) -> None:
        """Tell a page no more."""
        self._pages.pop(send, None)

    async def fit(self, batch: str, events: Sequence[Event]) -> list[Event]:
        """Return the events as they may be shown; made once for all pages, which ask by the same `batch`."""
        if batch not in self._batches:
            self._batches[batch] = asyncio.ensure_future(database_sync_to_async(fit_for_screen)(events))
            while len(self._batches) > BATCHES_KEPT:
                self._batches.popitem(last=False)
        return await asyncio.shield(self._batches[batch])

    async def _run(self) -> None:
        while self._pages:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self._tell_changes()
            except (OperationalError, InterfaceError) as error:
                log.warning("the overlays' widgets could not be updated: %s", error)
            except Exception:  # the edge of this task: one broken look must not end the updates of every page
                log.exception("the overlays' widgets could not be updated")

    async def _tell_changes(self) -> None:
        rows = {_key(row): row for shown in self._pages.values() for row in shown}
        changed = await database_sync_to_async(self._look.changed)(list(rows.values()))
        for send, shown in list(self._pages.items()):
            for row in shown:
                if _key(row) in changed:
                    await send({"type": "update", "widget": row.name, "data": changed[_key(row)]})


def _key(row: OverlayWidget) -> str:
    # Two widgets of one kind with the same options show the same, in overlays of one channel.
    return f"{row.overlay.channel_id} {row.kind} {json.dumps(row.options, sort_keys=True)}"


class _Look:
    """What the widgets' stamps were, and what was sent."""

    def __init__(self) -> None:
        self._stamps: dict[str, Hashable] = {}
        self._sent: dict[str, dict[str, Any]] = {}
        self._made_at: dict[str, float] = {}

    def changed(self, rows: Sequence[OverlayWidget]) -> dict[str, dict[str, Any]]:
        """Return the data of those that have other data than at the last look, by their key."""
        keys = {_key(row) for row in rows}
        for gone in set(self._stamps) - keys:
            del self._stamps[gone]
            self._sent.pop(gone, None)
            self._made_at.pop(gone, None)
        due = [row for row in rows if self._has_new_stamp(row)]
        screen = OnScreen.now() if due else None
        changed = {}
        for row in due:
            made = widgets.get(row.kind)
            assert made is not None and screen is not None
            self._made_at[_key(row)] = time.monotonic()
            with present_channel.within(row.overlay.channel_id):
                data = snapshot(made, row.options, screen)
            if self._sent.get(_key(row)) != data:
                self._sent[_key(row)] = changed[_key(row)] = data
        return changed

    def _has_new_stamp(self, row: OverlayWidget) -> bool:
        made = widgets.get(row.kind)
        if made is None or made.stamp is None:
            return False
        if time.monotonic() - self._made_at.get(_key(row), -made.every) < made.every:
            return False
        try:
            with present_channel.within(row.overlay.channel_id):
                stamp = made.stamp(options_of(made, row.options))
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # the edge of a widget: the others go on
            log.exception("the widget %s could not be looked after", made.name)
            return False
        # One that is looked at for the first time is sent: it may have changed since its page connected. Pages that
        # come later need that not: what changes after their snapshot has another stamp at the next look.
        is_new = _key(row) not in self._stamps or self._stamps[_key(row)] != stamp
        self._stamps[_key(row)] = stamp
        return is_new


def fit_for_screen(events: Sequence[Event]) -> list[Event]:
    """Return the events with word filters applied, and without those who are not to be on screen."""
    screen = OnScreen.now()
    return [
        {**event, "username": screen.name(event["username"]), "text": screen.text(event["text"])}
        for event in events
        if not (event["kind"] in OWN_WORDS and screen.hides(event["username"]))
    ]
