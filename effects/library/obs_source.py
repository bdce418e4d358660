"""Show or hide a source in OBS, for good or for a while."""

from __future__ import annotations

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Payload, effect


class OBSSource(Payload):
    """`seconds`: after these it is undone; 0: it stays."""

    scene: str = Field(min_length=1, max_length=200, json_schema_extra={"from": "obs_scene"})
    source: str = Field(min_length=1, max_length=200, json_schema_extra={"from": "obs_source"})
    visible: bool = True
    seconds: float = Field(0, ge=0, le=3600)


@effect("obs_source", lane="effect", repeatable=False, payload=OBSSource, requires=health.require_ready)
def obs_source(item: QueueItem, payload: OBSSource) -> None:
    """Show or hide the source. Raise Failed if OBS is away or refuses."""
    actions.show_source(payload.scene, payload.source, visible=payload.visible, seconds=payload.seconds)
