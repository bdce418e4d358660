"""The dashboard's pages about the channel, commands, counters, quotes, reactions and what came from Joystick."""

from __future__ import annotations

from joystick.admin import chat, commands, feed, install, reactions, streams

__all__ = ["chat", "commands", "feed", "install", "reactions", "streams"]
