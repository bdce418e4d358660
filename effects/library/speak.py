"""Speak a text: synthesized here, played by the overlay."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from effects import sounds, tts
from effects.models import QueueItem
from effects.registry import MAX_TEXT, Effect, Told, effect
from pixelbot_site.kit.errors import Failed


def speak(text: str) -> Effect:
    """The effect that says `text` aloud."""
    return Effect("speak", {"text": text}, title=text[:MAX_TEXT])


@effect("speak", lane="tts", repeatable=True, words=speak)
def perform(item: QueueItem) -> Told:
    """Payload: `text`. The WAV lands in media storage; the overlay plays pre-sound, pause and speech."""
    text = str(item.payload.get("text", "")).strip()
    if not text:
        raise Failed("There is no text to speak.")
    spoken = tts.voice().synthesize(text)
    if "speech" in item.result:
        default_storage.delete(item.result["speech"])  # from an attempt that was interrupted
    item.result["speech"] = default_storage.save(f"speech/{uuid4().hex}.wav", ContentFile(spoken.wav))
    pre_sound = sounds.pre_sound()
    lead = max(settings.TTS_PRE_DELAY_MS / 1000, sounds.seconds(pre_sound)) if pre_sound else 0.0
    message = {
        "type": "speak",
        "text": text,
        "pre_sound": pre_sound is not None,
        "pre_delay_ms": settings.TTS_PRE_DELAY_MS if pre_sound else 0,
    }
    return Told(message, seconds=lead + spoken.seconds)
