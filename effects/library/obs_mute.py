"""Mute or unmute an input in OBS, for good or for a while."""

from __future__ import annotations

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Payload, effect


class OBSMute(Payload):
    """`seconds`: after these it is undone; 0: it stays."""

    input: str = Field(min_length=1, max_length=200, json_schema_extra={"from": "obs_input"})
    muted: bool = True
    seconds: float = Field(0, ge=0, le=3600)


@effect("obs_mute", lane="effect", repeatable=False, payload=OBSMute, requires=health.require_ready)
def obs_mute(item: QueueItem, payload: OBSMute) -> None:
    """Mute or unmute the input. Raise Failed if OBS is away or refuses."""
    actions.mute(payload.input, muted=payload.muted, seconds=payload.seconds)
