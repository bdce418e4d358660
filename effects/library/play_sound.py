"""Play a sound of the streamer's."""

from __future__ import annotations

from pydantic import Field

from effects import sounds
from effects.models import QueueItem
from effects.registry import Effect, Payload, Told, effect
from pixelbot_site.kit.errors import Failed


class PlaySound(Payload):
    """`sound`: the name of a Sound, or one of its aliases."""

    sound: str = Field(min_length=1, max_length=40, json_schema_extra={"from": "sound"})
    volume: float = Field(1.0, ge=0, le=1)


def play_sound(name: str) -> Effect:
    """The effect that plays the sound `name`."""
    return Effect("play_sound", {"sound": name}, title=name)


@effect("play_sound", lane="effect", repeatable=True, payload=PlaySound)
def perform(item: QueueItem) -> Told:
    """The overlay plays it to its end."""
    wish = PlaySound.model_validate(item.payload)
    sound = sounds.named(wish.sound)
    if sound is None:
        raise Failed(f"there is no sound called {wish.sound}")
    volume = round(sounds.volume(sound) * wish.volume, 4)
    return Told({"type": "sound", "sound": sounds.address(sound), "volume": volume}, seconds=sound.seconds)
