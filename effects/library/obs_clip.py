"""Save OBS's replay buffer as a clip."""

from __future__ import annotations

from effects import chat
from effects.models import QueueItem
from effects.obs import actions
from effects.registry import Effect, Payload, effect


class OBSClip(Payload):
    """How long it is, is set in OBS."""


def obs_clip() -> Effect:
    """The effect that saves a clip."""
    return Effect("obs_clip", {}, title="a clip")


@effect("obs_clip", lane="effect", repeatable=False, payload=OBSClip)
def perform(item: QueueItem) -> None:
    """Done when OBS tells the file's path, which is kept on the item and told to nobody else."""
    item.saved_path = actions.clip()
    if item.viewer is not None:
        chat.say(f"@{item.viewer.username} the clip is saved.")
