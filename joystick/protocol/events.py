"""The events of Joystick as immutable typed values. No Django.

One class for each shape; where several kinds share a shape, `kind` tells them apart. Amounts are whole tokens. None
stands for a value that the platform did not send. A class that adds no field has the methods of the one above it:
making them anew takes a millisecond of each start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has. `uid` is the platform's id, `kind` a snake_case name that is the same in v1 and v2."""

    uid: str
    kind: str
    channel_id: str = ""
    occurred_at: datetime | None = None
    text: str = ""  # as shown to people, without the platform's markup (what viewers typed is kept as it is)
    username: str = ""  # the acting viewer, as spelled by the platform; "" where there is none


# --- chat and presence -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Emote:
    """A code in a line of chat, such as `:wave:` or `<3`, and where the platform has its picture."""

    code: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage(Event):
    """A line in chat. `streamer` is the channel's owner; `uid` is what moderation calls the message id."""

    streamer: str = ""
    is_bot: bool = False
    is_streamer: bool = False
    is_moderator: bool = False
    is_subscriber: bool = False
    is_public: bool = True
    is_highlighted: bool = False
    color: str = ""  # of the name, as #rrggbb; "" where the viewer chose none
    emotes: tuple[Emote, ...] = ()


class BotMessage(Event):
    """An announcement of the site in chat. What it announces also comes as an event."""

    __slots__ = ()


class Entered(Event):
    """A viewer came into the stream."""

    __slots__ = ()


class Left(Event):
    """A viewer left the stream."""

    __slots__ = ()


# --- what viewers are paid for ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip(Event):
    """`tokens` (≥ 0) for the streamer; `item` is the tip menu's, or ""."""

    tokens: int
    item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelSpin(Event):
    """The platform's own wheel stopped at `prize`. `tokens` may be 0: subscribers can have free spins."""

    tokens: int
    prize: str = ""
    is_free_for_subscribers: bool = False


class Follow(Event):
    """A viewer follows the channel now."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(Event):
    """A viewer subscribed for `months`; 1 where the platform does not say."""

    months: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Resubscription(Event):
    """A viewer subscribed again. The units of both numbers are not documented, so they are not used."""

    how_much: int | None = None
    how_long: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftedSubscriptions(Event):
    """The acting viewer gave away `count` (≥ 1) subscriptions. The event does not name who got them."""

    count: int


# --- the stream ------------------------------------------------------------------------------------------------------


class StreamStarted(Event):
    """The channel went live."""

    __slots__ = ()


class StreamEnding(Event):
    """The stream is about to end; it may still resume."""

    __slots__ = ()


class StreamResuming(Event):
    """A stream that was about to end continues."""

    __slots__ = ()


class StreamEnded(Event):
    """The channel is not live any more."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedIn(Event):
    """Another streamer, the acting viewer, came in with `viewers` people: a raid."""

    viewers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedOut(Event):
    """Our viewers were sent on to the streamer `destination`."""

    destination: str = ""
    viewers: int | None = None


# --- goals, menu, timers, counts: stored and shown -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TipGoal(Event):
    """A tip goal was created, updated, met (by the acting viewer) or deleted."""

    title: str = ""
    tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TipGoalIncreased(Event):
    """A tip moved the goal from `previous` to `current`. The tip also comes as an event, which pays for it."""

    added: int | None = None
    current: int | None = None
    previous: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneCompleted(Event):
    """A smaller goal on the way to the tip goal was reached."""

    title: str = ""
    tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TipMenuItem(Event):
    """An item of the tip menu was locked or unlocked."""

    title: str = ""
    price: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTimer(Event):
    """A countdown in chat was started; there is no event for its end."""

    name: str = ""
    ends_at: datetime | None = None


class ChatTimersCleared(Event):
    """All countdowns were removed."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Event):
    """How many viewers, followers or subscribers there are now."""

    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(Event):
    """A device was connected, disconnected, or got other settings."""

    data: Mapping[str, Any] = field(default_factory=dict)


class SettingsUpdated(Event):
    """The channel's settings changed."""

    __slots__ = ()


class StreamModeUpdated(Event):
    """The stream's mode changed."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMode(Event):
    """Chat was closed to all but verified viewers or subscribers (`is_on`), or opened again."""

    is_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene(Event):
    """A scene of the site's own overlay was changed. `config`: sizes and colours, as strings."""

    name: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)


class Mute(Event):
    """A viewer was muted or unmuted. Whether the name is theirs or the moderator's is not documented."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PvpSession(Event):
    """A session against another channel was requested, is ready, started, is ending, or ended."""

    at: datetime | None = None
    where: str = ""
    cost: int | None = None
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubathonStarted(Event):
    """A subathon began. The unit of `starting_duration` is not documented (by its size, seconds)."""

    expires_at: datetime | None = None
    starting_duration: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubathonExtended(Event):
    """The acting viewer's `source` (a tip, say) made the subathon `seconds` longer, or banked them."""

    seconds: int | None = None
    source: str = ""
    is_banked: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubathonEnded(Event):
    """The subathon is over."""

    reason: str = ""
    banked_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent(Event):
    """An event of an unknown kind. It is stored and shown; nobody is paid for it."""

    data: Mapping[str, Any] = field(default_factory=dict)
