"""Change the text of a text source in OBS."""

from __future__ import annotations

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Card, Group, Payload, effect


class OBSText(Payload):
    """The source's name, and its new text."""

    source: str = Field(
        min_length=1,
        max_length=200,
        json_schema_extra={"from": "obs_input"},
        description="The text source's name in OBS.",
    )
    text: str = Field("", max_length=500, description="The new text. Blank: the source becomes empty.")


@effect(
    "obs_text",
    lane="effect",
    repeatable=True,
    payload=OBSText,
    card=Card(Group.OBS, "Change a text", "Changes the text of a text source in OBS."),
    requires=health.require_ready,
)
def obs_text(item: QueueItem, payload: OBSText) -> None:
    """Change the text. Raise Failed if OBS is away or refuses."""
    actions.set_text(payload.source, payload.text)
