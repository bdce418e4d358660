"""Start or stop the stream in OBS."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Card, Group, Payload, effect


class OBSStream(Payload):
    """`action`: "start" or "stop"."""

    action: Literal["start", "stop"] = Field("stop", description="What OBS does.")


def _untested(payload: OBSStream) -> str:
    return f"{payload.action} the stream in OBS"


@effect(
    "obs_stream",
    lane="effect",
    repeatable=True,
    payload=OBSStream,
    card=Card(Group.OBS, "Start or stop the stream", "Starts or stops the stream in OBS."),
    requires=health.require_ready,
    untested=_untested,
)
def obs_stream(item: QueueItem, payload: OBSStream) -> None:
    """Start or stop the stream. Raise Failed if OBS does not."""
    actions.stream(start=payload.action == "start")
