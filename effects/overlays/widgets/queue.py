"""The queue: what plays now and whose it is, and how many wait."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from django.db.models import QuerySet

from effects.models import QUEUED, QueueItem, State
from effects.overlays import screens
from effects.overlays.onscreen import SOMEBODY, OnScreen
from effects.overlays.registry import Box, Options, widget

# How each lane is called on screen.
LANES = {"tts": "voice", "effect": "effect", "notification": "alert", "wheel": "wheel"}
MOST = 4


def _shown() -> QuerySet[QueueItem]:
    own = QueueItem.objects.exclude(lane="")
    return own.filter(screens.is_of(screens.here())) if screens.own() else own


def _stamp(options: Options) -> Hashable:
    running = _shown().filter(state=State.RUNNING).order_by("id")
    waiting = _shown().filter(state__in=QUEUED).count()
    return (*running.values_list("id", flat=True)[:MOST], waiting)


@widget("queue", title="Queue", box=Box(2, 76, 26, 8), vertical=Box(3, 83.5, 48, 4.5), stamp=_stamp)
def queue(options: Options, screen: OnScreen) -> dict[str, Any]:
    """Return what plays (name, lane) and how many items wait."""
    running = _shown().filter(state=State.RUNNING).select_related("viewer").order_by("id")
    playing = [
        {"name": screen.name(item.username) or SOMEBODY, "what": _called(screens.parted(item.lane)[0])}
        for item in running[:MOST]
    ]
    return {"playing": playing, "waiting": _shown().filter(state__in=QUEUED).count()}


def _called(lane: str) -> str:
    return LANES.get(lane, lane)
