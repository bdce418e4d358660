"""Switch a filter in OBS on or off, for good or for a while."""

from __future__ import annotations

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Card, Group, Payload, effect


class OBSFilter(Payload):
    """`source`: the source or scene with the filter. `seconds`: after these it is undone; 0: it stays."""

    source: str = Field(
        min_length=1,
        max_length=200,
        json_schema_extra={"from": "obs_source"},
        description="The source or scene that has the filter.",
    )
    filter: str = Field(min_length=1, max_length=200, description="The filter's name in OBS.")
    enabled: bool = Field(True, description="Ticked, the filter is switched on; otherwise off.")
    seconds: float = Field(
        0, ge=0, le=3600, description="Afterwards it is undone. 0: it stays.", json_schema_extra={"unit": "seconds"}
    )


@effect(
    "obs_filter",
    lane="effect",
    repeatable=False,
    payload=OBSFilter,
    card=Card(Group.OBS, "Switch a filter", "Switches a filter in OBS on or off, for good or for a while."),
    requires=health.require_ready,
)
def obs_filter(item: QueueItem, payload: OBSFilter) -> None:
    """Switch the filter. Raise Failed if OBS is away or refuses."""
    actions.set_filter(payload.source, payload.filter, enabled=payload.enabled, seconds=payload.seconds)
