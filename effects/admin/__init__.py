"""The dashboard's pages for what happens on the stream."""

from __future__ import annotations

from effects.admin import media, osc, purchases, queue, replies, screen, sequences, sounds, voice, webhooks, wheel

__all__ = [
    "media",
    "osc",
    "purchases",
    "queue",
    "replies",
    "screen",
    "sequences",
    "sounds",
    "voice",
    "webhooks",
    "wheel",
]
