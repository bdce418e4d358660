"""The queue: what plays now and whose it is, and how many wait."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from effects.models import QUEUED, QueueItem, State
from effects.overlays.onscreen import SOMEBODY, OnScreen
from effects.overlays.registry import Box, Options, widget

# How each lane is called on screen.
LANES = {"tts": "voice", "effect": "effect", "notification": "alert", "wheel": "wheel"}
MOST = 4


def _stamp(options: Options) -> Hashable:
    running = QueueItem.objects.filter(state=State.RUNNING).exclude(lane="").order_by("id")
    waiting = QueueItem.objects.filter(state__in=QUEUED).exclude(lane="").count()
    return (*running.values_list("id", flat=True)[:MOST], waiting)


@widget("queue", title="Queue", box=Box(2, 76, 26, 8), vertical=Box(3, 83.5, 48, 4.5), stamp=_stamp)
def queue(options: Options, screen: OnScreen) -> dict[str, Any]:
    """Return what plays (name, lane) and how many items wait."""
    running = QueueItem.objects.filter(state=State.RUNNING).exclude(lane="").select_related("viewer").order_by("id")
    playing = [
        {"name": screen.name(item.username) or SOMEBODY, "what": LANES.get(item.lane, item.lane)}
        for item in running[:MOST]
    ]
    return {"playing": playing, "waiting": QueueItem.objects.filter(state__in=QUEUED).exclude(lane="").count()}
