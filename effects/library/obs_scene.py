"""Switch OBS to a scene, and back again."""

from __future__ import annotations

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Card, Group, Payload, effect


class OBSScene(Payload):
    """`seconds`: after these the scene before comes back; 0: it stays."""

    scene: str = Field(
        min_length=1, max_length=200, json_schema_extra={"from": "obs_scene"}, description="The scene's name in OBS."
    )
    seconds: float = Field(
        0,
        ge=0,
        le=3600,
        description="Afterwards the scene before comes back. 0: it stays.",
        json_schema_extra={"unit": "seconds"},
    )


@effect(
    "obs_scene",
    lane="effect",
    repeatable=True,
    payload=OBSScene,
    card=Card(Group.OBS, "Switch the scene", "Switches OBS to a scene, for good or for a while."),
    requires=health.require_ready,
)
def obs_scene(item: QueueItem, payload: OBSScene) -> None:
    """Switch to the scene. Raise Failed if OBS does not report it on air."""
    actions.switch_scene(payload.scene, seconds=payload.seconds)
