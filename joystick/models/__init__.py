"""The tables of what came from Joystick.tv, the state of the connection, and the streamer's reactions."""

from __future__ import annotations

from joystick.models.channel import (
    MAX_COOLDOWN,
    BuiltInCommand,
    Connection,
    Gap,
    InboundEvent,
    InboundState,
    Install,
    Match,
    NameChange,
    NameStep,
    Reaction,
    Retention,
    Stream,
)

__all__ = [
    "MAX_COOLDOWN",
    "BuiltInCommand",
    "Connection",
    "Gap",
    "InboundEvent",
    "InboundState",
    "Install",
    "Match",
    "NameChange",
    "NameStep",
    "Reaction",
    "Retention",
    "Stream",
]
