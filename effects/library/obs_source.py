"""Show or hide a source in OBS, for a while."""

from __future__ import annotations

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions
from effects.registry import Effect, Payload, effect


class OBSSource(Payload):
    """`seconds`: then as it was before; 0: it stays."""

    scene: str = Field(min_length=1, max_length=200, json_schema_extra={"from": "obs_scene"})
    source: str = Field(min_length=1, max_length=200, json_schema_extra={"from": "obs_source"})
    visible: bool = True
    seconds: float = Field(0, ge=0, le=3600)


def obs_source(scene: str, source: str, *, visible: bool = True, seconds: float = 0) -> Effect:
    """The effect that shows or hides."""
    payload = {"scene": scene, "source": source, "visible": visible, "seconds": seconds}
    return Effect("obs_source", payload, title=source)


@effect("obs_source", lane="effect", repeatable=False, payload=OBSSource)
def perform(item: QueueItem) -> None:
    """Done when OBS has done it."""
    wish = OBSSource.model_validate(item.payload)
    actions.show_source(wish.scene, wish.source, visible=wish.visible, seconds=wish.seconds)
