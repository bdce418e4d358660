"""Save OBS's replay buffer as a clip."""

from __future__ import annotations

from effects import chat
from effects.chat import Priority
from effects.models import QueueItem
from effects.obs import actions, health
from effects.registry import Card, Group, Payload, effect
from pixelbot_site.kit import phrases

SAVED = phrases.result("clip.saved", "@{user} the clip is saved.")


class OBSClip(Payload):
    """No fields: the length of a clip is set in OBS."""


@effect(
    "obs_clip",
    lane="effect",
    repeatable=False,
    payload=OBSClip,
    card=Card(Group.OBS, "Save a clip", "Saves OBS's replay buffer as a clip."),
    requires=health.require_ready,
)
def obs_clip(item: QueueItem, payload: OBSClip) -> None:
    """Save the clip, store its path on the item when OBS reports it, and tell the viewer."""
    item.saved_path = actions.clip()
    # The path itself would show the streamer's folders in chat.
    if item.viewer is not None:
        chat.say(SAVED(user=item.viewer.username), Priority.ANSWER)
