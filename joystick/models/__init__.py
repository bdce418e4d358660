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
from joystick.models.chat import COMMAND_WORDS, Count, Counter, CustomCommand, Quote, ShoutOut, Timer, TimerGroup

__all__ = [
    "COMMAND_WORDS",
    "MAX_COOLDOWN",
    "BuiltInCommand",
    "Connection",
    "Count",
    "Counter",
    "CustomCommand",
    "Gap",
    "InboundEvent",
    "InboundState",
    "Install",
    "Match",
    "NameChange",
    "NameStep",
    "Quote",
    "Reaction",
    "Retention",
    "ShoutOut",
    "Stream",
    "Timer",
    "TimerGroup",
]
