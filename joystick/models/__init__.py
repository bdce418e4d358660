"""The tables of what came from Joystick.tv, the connection's state, the streamer's reactions, and what is in chat."""

from __future__ import annotations

from joystick.models.channel import (
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
from joystick.models.moderation import LIMITS, ChatFilter, FilterAction, FilterKind, ModeratedLine

__all__ = [
    "COMMAND_WORDS",
    "LIMITS",
    "BuiltInCommand",
    "ChatFilter",
    "Connection",
    "Count",
    "Counter",
    "CustomCommand",
    "FilterAction",
    "FilterKind",
    "Gap",
    "InboundEvent",
    "InboundState",
    "Install",
    "Match",
    "ModeratedLine",
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
