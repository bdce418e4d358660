"""Set an input's volume in OBS."""

from __future__ import annotations

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Card, Group, Payload, effect


class OBSVolume(Payload):
    """`decibels`: 0 leaves the volume as recorded, -100 is silence, 26 is OBS's maximum."""

    input: str = Field(
        min_length=1, max_length=200, json_schema_extra={"from": "obs_input"}, description="The input's name in OBS."
    )
    decibels: float = Field(
        0, ge=-100, le=26, description="0 is the volume as recorded, -100 is silence.", json_schema_extra={"unit": "dB"}
    )


@effect(
    "obs_volume",
    lane="effect",
    repeatable=True,
    payload=OBSVolume,
    card=Card(Group.OBS, "Set a volume", "Sets an input's volume in OBS."),
    requires=health.require_ready,
)
def obs_volume(item: QueueItem, payload: OBSVolume) -> None:
    """Set the volume. Raise Failed if OBS is away or refuses."""
    actions.set_volume(payload.input, payload.decibels)
