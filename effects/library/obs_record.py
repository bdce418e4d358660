"""Start or stop recording in OBS."""

from __future__ import annotations

from typing import Literal

from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Payload, effect


class OBSRecord(Payload):
    """`action`: "start" or "stop"."""

    action: Literal["start", "stop"] = "start"


def _untested(payload: OBSRecord) -> str:
    return f"{payload.action} recording in OBS"


@effect(
    "obs_record", lane="effect", repeatable=True, payload=OBSRecord, requires=health.require_ready, untested=_untested
)
def obs_record(item: QueueItem, payload: OBSRecord) -> None:
    """Start or stop recording, and store the finished file's path on the item. Raise Failed if OBS does not."""
    item.saved_path = actions.record(start=payload.action == "start")
