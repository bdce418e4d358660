"""What Joystick told us, as immutable typed values. Pure: no Django in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has. `uid` is the platform's id; `kind` one snake_case name for both envelope versions."""

    uid: str
    kind: str
    channel_id: str = ""
    occurred_at: datetime | None = None
    text: str = ""
    username: str = ""
    """The acting viewer, as spelled by the platform; "" where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage(Event):
    """A line in chat. `streamer` is the channel's owner."""

    streamer: str = ""
    is_bot: bool = False
    is_streamer: bool = False
    is_moderator: bool = False
    is_subscriber: bool = False
    is_public: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip(Event):
    """`tokens` (≥ 0) for the streamer; `item` is the tip menu's, or ""."""

    tokens: int
    item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow(Event):
    """Somebody follows the channel now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(Event):
    """Somebody subscribed for `months`; 1 where the platform does not tell."""

    months: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered(Event):
    """Somebody came into the stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(Event):
    """Somebody left the stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent(Event):
    """Any other event, known to the platform's pages or not: stored and shown, and nobody is paid for it."""

    data: Mapping[str, Any] = field(default_factory=dict)
