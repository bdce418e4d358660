"""Show or hide a source in OBS, for good or for a while."""

from __future__ import annotations

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Card, Group, Payload, effect


class OBSSource(Payload):
    """`seconds`: after these it is undone; 0: it stays."""

    scene: str = Field(
        min_length=1,
        max_length=200,
        json_schema_extra={"from": "obs_scene"},
        description="The scene that the source is in.",
    )
    source: str = Field(
        min_length=1, max_length=200, json_schema_extra={"from": "obs_source"}, description="The source's name in OBS."
    )
    visible: bool = Field(True, description="Ticked, the source is shown; otherwise it is hidden.")
    seconds: float = Field(
        0, ge=0, le=3600, description="Afterwards it is undone. 0: it stays.", json_schema_extra={"unit": "seconds"}
    )


@effect(
    "obs_source",
    lane="effect",
    repeatable=False,
    payload=OBSSource,
    card=Card(Group.OBS, "Show or hide a source", "Shows or hides a source in OBS, for good or for a while."),
    requires=health.require_ready,
)
def obs_source(item: QueueItem, payload: OBSSource) -> None:
    """Show or hide the source. Raise Failed if OBS is away or refuses."""
    actions.show_source(payload.scene, payload.source, visible=payload.visible, seconds=payload.seconds)
