"""Save OBS's replay buffer as a clip."""

from __future__ import annotations

from effects import chat
from effects.models import QueueItem
from effects.obs import actions
from effects.registry import Payload, effect


class OBSClip(Payload):
    """No fields: the length of a clip is set in OBS."""


@effect("obs_clip", lane="effect", repeatable=False, payload=OBSClip)
def obs_clip(item: QueueItem, payload: OBSClip) -> None:
    """Save it; return when OBS reports the file's path, which is kept on the item and not said in chat."""
    item.saved_path = actions.clip()
    if item.viewer is not None:
        chat.say(f"@{item.viewer.username} the clip is saved.")
