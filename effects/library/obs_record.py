"""Start or stop recording in OBS."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Card, Group, Payload, effect


class OBSRecord(Payload):
    """`action`: "start" or "stop"."""

    action: Literal["start", "stop"] = Field("start", description="What OBS does.")


def _untested(payload: OBSRecord) -> str:
    return f"{payload.action} recording in OBS"


@effect(
    "obs_record",
    lane="effect",
    repeatable=True,
    payload=OBSRecord,
    card=Card(Group.OBS, "Record", "Starts or stops recording in OBS."),
    requires=health.require_ready,
    untested=_untested,
)
def obs_record(item: QueueItem, payload: OBSRecord) -> None:
    """Start or stop recording, and store the finished file's path on the item. Raise Failed if OBS does not."""
    item.saved_path = actions.record(start=payload.action == "start")
