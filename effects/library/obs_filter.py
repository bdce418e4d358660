"""Switch a filter in OBS on or off, for good or for a while."""

from __future__ import annotations

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Payload, effect


class OBSFilter(Payload):
    """`source`: the source or scene with the filter. `seconds`: after these it is undone; 0: it stays."""

    source: str = Field(min_length=1, max_length=200, json_schema_extra={"from": "obs_source"})
    filter: str = Field(min_length=1, max_length=200)
    enabled: bool = True
    seconds: float = Field(0, ge=0, le=3600)


@effect("obs_filter", lane="effect", repeatable=False, payload=OBSFilter, requires=health.require_ready)
def obs_filter(item: QueueItem, payload: OBSFilter) -> None:
    """Switch the filter. Raise Failed if OBS is away or refuses."""
    actions.set_filter(payload.source, payload.filter, enabled=payload.enabled, seconds=payload.seconds)
