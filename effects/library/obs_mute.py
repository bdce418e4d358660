"""Mute or unmute an input in OBS, for good or for a while."""

from __future__ import annotations

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Card, Group, Payload, effect


class OBSMute(Payload):
    """`seconds`: after these it is undone; 0: it stays."""

    input: str = Field(
        min_length=1,
        max_length=200,
        json_schema_extra={"from": "obs_input"},
        description="The input's name in OBS, such as a microphone.",
    )
    muted: bool = Field(True, description="Ticked, the input is muted; otherwise it is heard again.")
    seconds: float = Field(
        0, ge=0, le=3600, description="Afterwards it is undone. 0: it stays.", json_schema_extra={"unit": "seconds"}
    )


@effect(
    "obs_mute",
    lane="effect",
    repeatable=False,
    payload=OBSMute,
    card=Card(Group.OBS, "Mute or unmute", "Mutes or unmutes an input in OBS, for good or for a while."),
    requires=health.require_ready,
)
def obs_mute(item: QueueItem, payload: OBSMute) -> None:
    """Mute or unmute the input. Raise Failed if OBS is away or refuses."""
    actions.mute(payload.input, muted=payload.muted, seconds=payload.seconds)
