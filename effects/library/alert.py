"""Show a line in large letters for a few seconds."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from effects.models import QueueItem
from effects.overlays import pages
from effects.overlays.onscreen import OnScreen
from effects.registry import Card, Group, OverlayTask, Payload, effect


class Alert(Payload):
    """The line, and for how many seconds it is shown."""

    text: str = Field(min_length=1, max_length=500, description="The line that is shown.")
    seconds: float = Field(5.0, ge=1, le=60, description="How long it is shown.", json_schema_extra={"unit": "seconds"})


@effect(
    "alert",
    lane="effect",
    repeatable=True,
    payload=Alert,
    card=Card(Group.SCREEN, "Alert", "Shows a line in large letters for a few seconds."),
    requires=partial(pages.require_open, "alert"),
)
def alert(item: QueueItem, payload: Alert) -> OverlayTask:
    """Have the overlays show the line, with the streamer's word filters applied."""
    text = OnScreen.now().text(payload.text)
    return OverlayTask({"type": "alert", "text": text, "seconds": payload.seconds}, seconds=payload.seconds)
