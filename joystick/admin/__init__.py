"""The dashboard's pages about the channel, chat, reactions and what came from Joystick."""

from __future__ import annotations

from joystick.admin import chat, commands, feed, filters, install, moderating, reactions, streams

__all__ = ["chat", "commands", "feed", "filters", "install", "moderating", "reactions", "streams"]
