"""Parse the text frames of the socket. No Django, no I/O.

Control frames (welcome, ping, …) are Action Cable's; events come in Joystick's envelope v1 or v2. Which keys each kind
of event has is in the table `joystick.protocol.kinds`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import uuid4

from joystick.protocol import kinds
from joystick.protocol.envelope import Envelope, FrameError
from joystick.protocol.events import Event, OtherEvent
from pixelbot_site.kit.clean import MAX_NAME, clean_text, parse_time

log = logging.getLogger("joystick")

# The kinds under which the feed keeps a frame that could not be read, and an error frame.
UNREADABLE = "unreadable"
SERVER_ERROR = "error"


@dataclass(slots=True)  # not frozen: one for each event, and three times as quick to make
class ReceivedFrame:
    """A frame to be stored: its text and its event. Without an event, `error` says why it can't be read.

    `at`: when it came, in Unix seconds.
    """

    raw: str
    event: Event | None
    error: str = ""
    at: float = field(default_factory=time.time, compare=False)


def read_frame(text: str) -> ReceivedFrame | Control:
    """Parse a frame from the socket. Return a control frame as it is, and anything else as a ReceivedFrame to store."""
    try:
        frame = parse(text)
    except FrameError as error:
        log.warning("a frame could not be understood: %s", error)
        return ReceivedFrame(text, None, str(error))
    return ReceivedFrame(text, frame) if isinstance(frame, Event) else frame


def error_event(text: str, *, raw: str, last_action: str) -> ReceivedFrame:
    """Return an error frame as an event for the feed, and log it. It names no action: the last one is added."""
    text_with_action = f"Joystick says: {text}" + (f" (last action: {last_action})" if last_action else "")
    log.error("%s", text_with_action)
    return ReceivedFrame(
        raw, OtherEvent(uid=f"error:{uuid4().hex}", kind=SERVER_ERROR, text=clean_text(text_with_action))
    )


@dataclass(frozen=True, slots=True)
class Welcome:
    """The server accepted the token."""


@dataclass(frozen=True, slots=True)
class Ping:
    """The server's heartbeat, every 3 s (Action Cable's default)."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The subscription is confirmed: from now on actions are carried out. Earlier ones are lost (measured)."""

    identifier: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The subscription is refused."""

    identifier: str


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The server is about to close. `reconnect` False: another attempt is pointless. A missing one counts as False."""

    reason: str
    reconnect: bool


@dataclass(frozen=True, slots=True)
class ServerError:
    """An error. Joystick documents error frames for failed actions; they do not name the action."""

    text: str


Control = Welcome | Ping | Confirmed | Rejected | Disconnect | ServerError


def parse(text: str) -> Control | Event:
    """Return the event or control frame in `text`. Raises FrameError, and no other exception, when there is none."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"not JSON: {error}") from error
    if not isinstance(frame, dict):
        raise FrameError(f"a JSON object was expected, not {type(frame).__name__}")
    if "message" in frame and frame.get("type") != "ping":
        return _message(frame["message"])
    if "error" in frame:
        return ServerError(clean_text(frame["error"]))
    return _control(frame)


def _control(frame: Mapping[str, Any]) -> Control:
    match frame.get("type"):
        case "welcome":
            return Welcome()
        case "ping":
            return Ping()
        case "confirm_subscription":
            return Confirmed(clean_text(frame.get("identifier")))
        case "reject_subscription":
            return Rejected(clean_text(frame.get("identifier")))
        case "disconnect":
            return Disconnect(clean_text(frame.get("reason")), frame.get("reconnect") is True)
        case other:
            raise FrameError(f"unknown frame type {other!r:.80}")


def _message(message: Any) -> ServerError | Event:
    if not isinstance(message, dict):
        raise FrameError(f"the message is no JSON object but {type(message).__name__}")
    if "type" not in message and "error" in message:
        return ServerError(clean_text(message["error"]))
    envelope = _v2(message) if "data" in message or message.get("v") == 2 else _v1(message)
    build = kinds.BUILDERS.get(envelope.kind, kinds.other)
    return build(envelope)


def _v2(message: Mapping[str, Any]) -> Envelope:
    data = message.get("data")
    return Envelope(
        uid=_uid(message.get("id"), message),
        kind=_kind(message.get("type")),
        channel_id=clean_text(message.get("channel_id"), MAX_NAME),
        occurred_at=parse_time(message.get("occurred_at")),
        text=clean_text(message.get("text")),
        data=data if isinstance(data, dict) else {},
    )


def _v1(message: Mapping[str, Any]) -> Envelope:
    kind = _kind(message.get("type"))
    is_chat = message.get("event") in ("ChatMessage", "BotMessage")  # a tuple: the value may not be hashable
    return Envelope(
        uid=_uid(message.get("messageId") or message.get("id"), message),
        kind=kind,
        channel_id=clean_text(message.get("channelId"), MAX_NAME),
        occurred_at=parse_time(message.get("createdAt")),
        text=clean_text(message.get("text")),
        data=message if is_chat else _metadata(message.get("metadata")),
    )


def _metadata(metadata: Any) -> Mapping[str, Any]:
    # v1 has JSON in a string. It may be missing, empty, or an object already.
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except (ValueError, RecursionError):
            metadata = None
    return metadata if isinstance(metadata, dict) else {}


def _kind(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise FrameError("the event has no type")
    return _canonical(name)


@lru_cache(maxsize=1000)
def _canonical(name: str) -> str:
    # `StreamDroppedIn` → `stream_dropped_in`
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", clean_text(name, MAX_NAME)).lower()[:MAX_NAME]
    return kinds.SYNONYMS.get(snake, snake)


def _uid(uid: Any, message: Mapping[str, Any]) -> str:
    if isinstance(uid, str | int) and not isinstance(uid, bool) and str(uid).strip():
        return clean_text(str(uid), MAX_NAME)
    # Without an id, the digest of the message takes its place, so that the same frame twice still counts once.
    digest = hashlib.sha256(json.dumps(message, sort_keys=True).encode("utf-8", "replace")).hexdigest()
    return f"sha256:{digest}"
