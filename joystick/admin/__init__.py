"""The dashboard's pages about the channel: installs, what came from Joystick, reactions and streams."""

from __future__ import annotations

from joystick.admin import feed, install, reactions, streams

__all__ = ["feed", "install", "reactions", "streams"]
