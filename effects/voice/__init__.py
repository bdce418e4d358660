"""The voice: text in, speech out, behind one small interface (`engines.Engine`)."""

from __future__ import annotations

from functools import cache

from effects.settings_table import VoiceSettings
from effects.voice.engines import ENGINES, Engine, Spoken, Style
from effects.voice.studio import Studio, TooLong

__all__ = ["Engine", "Spoken", "Studio", "Style", "TooLong", "engine", "studio"]


@cache
def studio() -> Studio:
    """Return this process's studio. Its child process starts with the first request."""
    return Studio()


def engine() -> Engine:
    """Return the engine that TTS_ENGINE names."""
    return ENGINES[VoiceSettings.current().tts_engine](studio())
