"""What happens on the stream: queue items in their lanes, the wheel, sounds, the voice, OBS, overlays."""

from __future__ import annotations

from effects.models.queue import ENDED, HAPPENED, WAITING, Deed, Lane, QueueItem, State
from effects.models.screen import OBSConnection, Overlay, Revert, new_secret
from effects.models.voice import Sound, SpeechSource, ViewerVoice, WordFilter
from effects.models.wheel import Prize, Spin, WheelLine

__all__ = [
    "ENDED",
    "HAPPENED",
    "WAITING",
    "Deed",
    "Lane",
    "OBSConnection",
    "Overlay",
    "Prize",
    "QueueItem",
    "Revert",
    "Sound",
    "SpeechSource",
    "Spin",
    "State",
    "ViewerVoice",
    "WheelLine",
    "WordFilter",
    "new_secret",
]
