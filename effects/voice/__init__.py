"""The voice: text in, speech out, behind one small interface (`engines.Engine`)."""

from __future__ import annotations

from functools import cache

from django.core.cache import cache as kept

from effects.settings_table import VoiceSettings
from effects.voice.engines import ENGINES, Engine, Spoken, Style
from effects.voice.studio import Studio, TooLong
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.voices import Voices, installed_voices

__all__ = ["Engine", "Spoken", "Studio", "Style", "TooLong", "engine", "installed", "studio"]

# Seconds that a list of voices is kept, and one that could not be made.
KEEP_VOICES = 60
KEEP_FAILURE = 5


@cache
def studio() -> Studio:
    """Return this process's studio. Its child process starts with the first request."""
    return Studio()


def engine() -> Engine:
    """Return the engine that TTS_ENGINE names."""
    return ENGINES[VoiceSettings.current().tts_engine](studio())


@installed_voices.register
def installed() -> Voices:
    """Return the voices of the engine that TTS_ENGINE names; they are asked for once a minute."""
    rules = VoiceSettings.current()
    which = (rules.tts_engine, rules.tts_piper_model)
    found: tuple[tuple[str, str], Voices] | None = kept.get("voices")
    if found is None or found[0] != which:
        found = which, _asked(rules.tts_engine)
        kept.set("voices", found, KEEP_FAILURE if found[1].reason else KEEP_VOICES)
    return found[1]


def _asked(name: str) -> Voices:
    try:
        return Voices(name, engine().voices(), is_browsers=name == "browser")
    except Failed as error:
        return Voices(name, reason=str(error).rstrip("."))
