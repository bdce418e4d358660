"""Play one of the streamer's sounds."""

from __future__ import annotations

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from effects.media import sounds
from effects.models import QueueItem
from effects.overlays import pages
from effects.registry import Card, EffectKind, Group, OverlayTask, Payload, register
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed, Refused

NO_SUCH = phrases.refusal("play_sound.no_such", "there is no sound called {name}")


class Unsaved(Payload):
    """A sound as a form of the dashboard holds it: its address below an overlay's, its volume, and its length."""

    address: str = Field(pattern=rf"^({sounds.TRIED_ADDRESS}|sound/\d+\?v=\w+)$")
    volume: float = Field(ge=0, le=1)
    seconds: float = Field(gt=0)


class PlaySound(Payload):
    """`sound`: the name of a Sound, or one of its aliases. `unsaved`: what a test plays instead."""

    sound: str = Field(
        min_length=1,
        max_length=40,
        json_schema_extra={"from": "sound"},
        description="The sound's name, or one of its aliases.",
    )
    volume: float = Field(1.0, ge=0, le=1, description="1 is the sound's own volume, 0 is silence.")
    unsaved: SkipJsonSchema[Unsaved | None] = None


@register
class PlaySoundKind(EffectKind[PlaySound]):
    """A sound that the overlays play to its end."""

    name = "play_sound"
    lane = "effect"
    repeatable = True
    payload = PlaySound
    card = Card(Group.SOUND, "Play a sound", "Plays one of your sounds.")

    def require_ready(self) -> None:
        pages.require_open("sound", heard=True)

    def require_usable(self, payload: PlaySound) -> None:
        if payload.unsaved is None and sounds.named(payload.sound) is None:
            raise Refused(NO_SUCH(name=payload.sound))

    def perform(self, item: QueueItem, payload: PlaySound) -> OverlayTask:
        """Have the overlays play the sound. Raise Failed if it was deleted since."""
        if payload.unsaved is not None and item.tried_by:
            tried = payload.unsaved
            return OverlayTask({"type": "sound", "sound": tried.address, "volume": tried.volume}, seconds=tried.seconds)
        sound = sounds.named(payload.sound)
        if sound is None:
            raise Failed(NO_SUCH(name=payload.sound))
        volume = sounds.volume(sound, payload.volume)
        return OverlayTask({"type": "sound", "sound": sounds.address(sound), "volume": volume}, seconds=sound.seconds)

    def seconds(self, payload: PlaySound) -> float:
        """Return the length of the sound's file."""
        if payload.unsaved is not None:
            return payload.unsaved.seconds
        sound = sounds.named(payload.sound)
        return sound.seconds if sound else 0.0
