"""Switch OBS to a scene, and back again."""

from __future__ import annotations

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions
from effects.registry import Effect, Payload, effect


class OBSScene(Payload):
    """`seconds`: then back to the scene before; 0: it stays."""

    scene: str = Field(min_length=1, max_length=200, json_schema_extra={"from": "obs_scene"})
    seconds: float = Field(0, ge=0, le=3600)


def obs_scene(scene: str, seconds: float = 0) -> Effect:
    """The effect that switches."""
    return Effect("obs_scene", {"scene": scene, "seconds": seconds}, title=scene)


@effect("obs_scene", lane="effect", repeatable=True, payload=OBSScene)
def perform(item: QueueItem) -> None:
    """Done when OBS says that it is on air."""
    wish = OBSScene.model_validate(item.payload)
    actions.switch_scene(wish.scene, seconds=wish.seconds)
