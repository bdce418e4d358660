"""The dashboard's pages for what happens on the stream."""

from __future__ import annotations

from effects.admin import media, purchases, queue, screen, sounds, voice, wheel

__all__ = ["media", "purchases", "queue", "screen", "sounds", "voice", "wheel"]
