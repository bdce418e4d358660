"""Text from the socket → what it says. Pure: no Django, no I/O.

Frames of the protocol (welcome, ping, …) are Action Cable's; events come in two envelopes, v1 and v2, of Joystick.tv's
gateway. Names and shapes may change, so each is in one table here: `SYNONYMS`, `BUILDERS`. An event type that no table
knows becomes an `OtherEvent`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joystick.events import ChatMessage, Entered, Event, Follow, Left, OtherEvent, Subscription, Tip

NAME_MOST = 100
TEXT_MOST = 4000
TOKENS_MOST = 10**9


class FrameError(ValueError):
    """A frame that is no frame, or an event that lacks what it needs. `str(error)` is the reason."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """The server let us in."""


@dataclass(frozen=True, slots=True)
class Ping:
    """The server's heartbeat, every 3 s."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Our subscription stands: from now on actions are carried out."""

    identifier: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Our subscription is refused."""

    identifier: str


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The server is about to close. `reconnect` False: coming back is pointless. A missing one counts as False."""

    reason: str
    reconnect: bool


@dataclass(frozen=True, slots=True)
class ServerError:
    """The answer to an action that failed; nothing tells which one."""

    text: str


Control = Welcome | Ping | Confirmed | Rejected | Disconnect | ServerError

SYNONYMS = {
    "chat_message": "new_message",
    "event_bot_message": "bot_message",
    "started": "stream_started",
    "ended": "stream_ended",
    "ending": "stream_ending",
    "resuming": "stream_resuming",
}
"""Other spellings (after snake_case) → the kind we call it by. v1 says `Started`, v2 `stream_started` or `started`."""


def parse(text: str) -> Control | Event:
    """What the frame `text` says. Raises FrameError, and nothing else, for what can't be understood."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"not JSON: {error}") from error
    if not isinstance(frame, dict):
        raise FrameError(f"a JSON object was expected, not {type(frame).__name__}")
    if "message" in frame and frame.get("type") != "ping":
        return _message(frame["message"])
    if "error" in frame:
        return ServerError(clean(frame["error"]))
    return _control(frame)


def _control(frame: Mapping[str, Any]) -> Control:
    match frame.get("type"):
        case "welcome":
            return Welcome()
        case "ping":
            return Ping()
        case "confirm_subscription":
            return Confirmed(clean(frame.get("identifier")))
        case "reject_subscription":
            return Rejected(clean(frame.get("identifier")))
        case "disconnect":
            return Disconnect(clean(frame.get("reason")), frame.get("reconnect") is True)
        case other:
            raise FrameError(f"unknown frame type {other!r:.80}")


def _message(message: Any) -> ServerError | Event:
    if not isinstance(message, dict):
        raise FrameError(f"the message is no JSON object but {type(message).__name__}")
    if "type" not in message and "error" in message:
        return ServerError(clean(message["error"]))
    fields = _v2(message) if "data" in message or message.get("v") == 2 else _v1(message)
    return BUILDERS.get(fields.kind, _other)(fields)


@dataclass(frozen=True, slots=True)
class Fields:
    """An event's envelope, the same for both versions. `data`: v2's data or v1's metadata; in v1's chat the message."""

    uid: str
    kind: str
    channel_id: str
    occurred_at: datetime | None
    text: str
    data: Mapping[str, Any]

    def common(self, username: str = "") -> dict[str, Any]:
        """The keyword arguments that every Event takes."""
        return {
            "uid": self.uid,
            "kind": self.kind,
            "channel_id": self.channel_id,
            "occurred_at": self.occurred_at,
            "text": self.text,
            "username": username,
        }


def _v2(message: Mapping[str, Any]) -> Fields:
    data = message.get("data")
    return Fields(
        uid=_uid(message.get("id"), message),
        kind=_kind(message.get("type")),
        channel_id=clean(message.get("channel_id"), NAME_MOST),
        occurred_at=_when(message.get("occurred_at")),
        text=clean(message.get("text")),
        data=data if isinstance(data, dict) else {},
    )


def _v1(message: Mapping[str, Any]) -> Fields:
    kind = _kind(message.get("type"))
    is_chat = message.get("event") in ("ChatMessage", "BotMessage")  # a tuple: the value may not be hashable
    return Fields(
        uid=_uid(message.get("messageId") or message.get("id"), message),
        kind=kind,
        channel_id=clean(message.get("channelId"), NAME_MOST),
        occurred_at=_when(message.get("createdAt")),
        text=clean(message.get("text")),
        data=message if is_chat else _metadata(message.get("metadata")),
    )


def _metadata(metadata: Any) -> Mapping[str, Any]:
    """v1's metadata: a JSON string; may be missing, empty, or an object already."""
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except (ValueError, RecursionError):
            metadata = None
    return metadata if isinstance(metadata, dict) else {}


def _kind(name: Any) -> str:
    """The canonical name of an event type: `StreamDroppedIn` → `stream_dropped_in`."""
    if not isinstance(name, str) or not name:
        raise FrameError("the event has no type")
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", clean(name, NAME_MOST)).lower()[:NAME_MOST]
    return SYNONYMS.get(snake, snake)


def _uid(uid: Any, message: Mapping[str, Any]) -> str:
    """The platform's id. Without one, a digest of the message: the same frame twice still counts once."""
    if isinstance(uid, str | int) and not isinstance(uid, bool) and str(uid).strip():
        return clean(str(uid), NAME_MOST)
    digest = hashlib.sha256(json.dumps(message, sort_keys=True).encode("utf-8", "replace")).hexdigest()
    return f"sha256:{digest}"


def _when(value: Any) -> datetime | None:
    try:
        when = datetime.fromisoformat(value)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def clean(value: Any, most: int = TEXT_MOST) -> str:
    """A string that every database takes: no NUL, no lone surrogate, at most `most` characters. Not a string: ""."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:most]


def _name(fields: Fields, *keys: str) -> str:
    for key in keys:
        name = clean(fields.data.get(key), NAME_MOST).strip()
        if name:
            return name
    raise FrameError(f"{fields.kind} names nobody: {' or '.join(keys)} is missing")


def _whole(fields: Fields, key: str, *, most: int) -> int:
    value = fields.data.get(key)
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise FrameError(f"{fields.kind} needs {key} as a whole number from 0 to {most}, not {value!r:.60}")
    return value


def _chat(fields: Fields) -> Event:
    author = fields.data.get("author")
    author = author if isinstance(author, dict) else {}
    username = clean(author.get("username"), NAME_MOST).strip()
    if not username:
        raise FrameError("new_message names no author")
    badges = author.get("badges")
    flags = badges if isinstance(badges, dict) else author
    streamer = fields.data.get("streamer")

    def flag(*names: str) -> bool:
        return any(flags.get(name) is True for name in names)

    return ChatMessage(
        **fields.common(username),
        streamer=clean(streamer.get("username"), NAME_MOST) if isinstance(streamer, dict) else "",
        is_bot=flag("bot", "isBot"),
        is_streamer=flag("streamer", "isStreamer"),
        is_moderator=flag("mod", "isModerator"),
        is_subscriber=flag("subscriber", "isSubscriber"),
        is_public=fields.data.get("visibility", "public") == "public",
    )


def _tip(fields: Fields) -> Event:
    tokens = _whole(fields, "how_much", most=TOKENS_MOST)
    item = clean(fields.data.get("tip_menu_item"), NAME_MOST)
    return Tip(**fields.common(_name(fields, "who")), tokens=tokens, item=item)


def _follow(fields: Fields) -> Event:
    return Follow(**fields.common(_name(fields, "who")))


def _subscription(fields: Fields) -> Event:
    """`how_much` has no documented unit, months or tokens. From 1 to 12 it is read as months, anything else as one."""
    try:
        months = _whole(fields, "how_much", most=12) or 1
    except FrameError:
        months = 1
    return Subscription(**fields.common(_name(fields, "who")), months=months)


def _presence(event: type[Event]) -> Callable[[Fields], Event]:
    def build(fields: Fields) -> Event:
        """v2 names the viewer in `data.username`, v1 in `text`."""
        username = clean(fields.data.get("username"), NAME_MOST).strip() or fields.text.strip()[:NAME_MOST]
        if not username:
            raise FrameError(f"{fields.kind} names nobody")
        return event(**fields.common(username))

    return build


def _other(fields: Fields) -> Event:
    return OtherEvent(**fields.common(clean(fields.data.get("who"), NAME_MOST).strip()), data=fields.data)


BUILDERS: dict[str, Callable[[Fields], Event]] = {
    "new_message": _chat,
    "tipped": _tip,
    "followed": _follow,
    "subscribed": _subscription,
    "enter_stream": _presence(Entered),
    "leave_stream": _presence(Left),
}
"""The kinds that the bot acts on, and how each is built."""
