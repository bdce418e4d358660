"""Models of what happens on the stream: queue items and lanes, the wheel, sounds, the voice, OBS, overlays."""

from __future__ import annotations

from effects.models.flow import SavedSequence, Turn
from effects.models.media import VIDEOS, Media, MediaKind
from effects.models.outside import AIReplies, AIUsage, OSCChange, OSCTarget, WebhookTarget
from effects.models.purchases import Purchase
from effects.models.queue import DROPPED, ENDED, MADE, QUEUED, UNFINISHED, Deed, Lane, QueueItem, State
from effects.models.screen import Format, OBSConnection, Overlay, OverlayPage, OverlayWidget, Revert, Theme, new_secret
from effects.models.voice import Sound, SpeechSource, ViewerVoice, WordFilter
from effects.models.wheel import Prize, Spin, WheelLine

__all__ = [
    "DROPPED",
    "ENDED",
    "MADE",
    "QUEUED",
    "UNFINISHED",
    "VIDEOS",
    "AIReplies",
    "AIUsage",
    "Deed",
    "Format",
    "Lane",
    "Media",
    "MediaKind",
    "OBSConnection",
    "OSCChange",
    "OSCTarget",
    "Overlay",
    "OverlayPage",
    "OverlayWidget",
    "Prize",
    "Purchase",
    "QueueItem",
    "Revert",
    "SavedSequence",
    "Sound",
    "SpeechSource",
    "Spin",
    "State",
    "Theme",
    "Turn",
    "ViewerVoice",
    "WebhookTarget",
    "WheelLine",
    "WordFilter",
    "new_secret",
]
