"""The voice: text in, WAV out, behind one small interface."""

from __future__ import annotations

from functools import cache

from effects.tts.voice import Spoken, Voice

__all__ = ["Spoken", "Voice", "voice"]


@cache
def voice() -> Voice:
    """The process's one voice. Its child starts with the first text."""
    from django.conf import settings

    return Voice(voice=settings.TTS_VOICE, rate=settings.TTS_RATE, volume=settings.TTS_VOLUME)
