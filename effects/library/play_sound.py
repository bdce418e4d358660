"""Play one of the streamer's sounds."""

from __future__ import annotations

from pydantic import Field

from effects import sounds
from effects.models import QueueItem
from effects.overlays import pages
from effects.registry import EffectKind, OverlayTask, Payload, register
from pixelbot_site.kit.errors import Failed, Refused


class PlaySound(Payload):
    """`sound`: the name of a Sound, or one of its aliases."""

    sound: str = Field(min_length=1, max_length=40, json_schema_extra={"from": "sound"})
    volume: float = Field(1.0, ge=0, le=1)


@register
class PlaySoundKind(EffectKind[PlaySound]):
    """A sound that the overlays play to its end."""

    name = "play_sound"
    lane = "effect"
    repeatable = True
    payload = PlaySound

    def require_ready(self) -> None:
        pages.require_open("sound", heard=True)

    def require_usable(self, payload: PlaySound) -> None:
        if sounds.named(payload.sound) is None:
            raise Refused(f"there is no sound called {payload.sound}")

    def perform(self, item: QueueItem, payload: PlaySound) -> OverlayTask:
        """Have the overlays play the sound. Raise Failed if it was deleted since."""
        sound = sounds.named(payload.sound)
        if sound is None:
            raise Failed(f"there is no sound called {payload.sound}")
        volume = round(sounds.volume(sound) * payload.volume, 4)
        return OverlayTask({"type": "sound", "sound": sounds.address(sound), "volume": volume}, seconds=sound.seconds)

    def seconds(self, payload: PlaySound) -> float:
        """Return the length of the sound's file."""
        sound = sounds.named(payload.sound)
        return sound.seconds if sound else 0.0
