"""Another streamer's raid."""

from __future__ import annotations

from joystick.protocol.events import DroppedIn
from joystick.reactions.kinds import Occasion, occasion


@occasion(
    "raid",
    DroppedIn,
    title="another streamer drops in with viewers",
    words={"viewers": 25},
    amount="viewers",
    is_thanks=True,
)
def raid(raid: DroppedIn) -> Occasion:
    """Return the occasion of a raid. Where the platform does not say how many come, it is some."""
    return Occasion(raid.username, words={"viewers": "some" if raid.viewers is None else raid.viewers})
