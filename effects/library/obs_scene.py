"""Switch OBS to a scene, and back again."""

from __future__ import annotations

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Payload, effect


class OBSScene(Payload):
    """`seconds`: after these the scene before comes back; 0: it stays."""

    scene: str = Field(min_length=1, max_length=200, json_schema_extra={"from": "obs_scene"})
    seconds: float = Field(0, ge=0, le=3600)


@effect("obs_scene", lane="effect", repeatable=True, payload=OBSScene, requires=health.require_ready)
def obs_scene(item: QueueItem, payload: OBSScene) -> None:
    """Switch to the scene. Raise Failed if OBS does not report it on air."""
    actions.switch_scene(payload.scene, seconds=payload.seconds)
