"""Play a sound of the streamer's."""

from __future__ import annotations

from pydantic import Field

from effects import sounds
from effects.models import QueueItem
from effects.registry import OverlayTask, Payload, effect
from pixelbot_site.kit.errors import Failed


class PlaySound(Payload):
    """`sound`: the name of a Sound, or one of its aliases."""

    sound: str = Field(min_length=1, max_length=40, json_schema_extra={"from": "sound"})
    volume: float = Field(1.0, ge=0, le=1)


@effect("play_sound", lane="effect", repeatable=True, payload=PlaySound)
def play_sound(item: QueueItem, payload: PlaySound) -> OverlayTask:
    """Have the overlay play it to its end."""
    sound = sounds.named(payload.sound)
    if sound is None:
        raise Failed(f"there is no sound called {payload.sound}")
    volume = round(sounds.volume(sound) * payload.volume, 4)
    return OverlayTask({"type": "sound", "sound": sounds.address(sound), "volume": volume}, seconds=sound.seconds)
