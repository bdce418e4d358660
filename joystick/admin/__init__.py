"""The dashboard's pages about the channel: installs, commands, what came from Joystick, reactions and streams."""

from __future__ import annotations

from joystick.admin import commands, feed, install, reactions, streams

__all__ = ["commands", "feed", "install", "reactions", "streams"]
