"""A frame as it was received: an event, a control frame, or why it can't be understood."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import uuid4

from joystick.protocol import frames
from joystick.protocol.envelope import FrameError, clean_text
from joystick.protocol.events import Event, OtherEvent

log = logging.getLogger("joystick")

UNREADABLE = "unreadable"
SERVER_ERROR = "error"
"""The kind of an error frame in the feed."""


@dataclass(frozen=True, slots=True)
class ReceivedFrame:
    """A frame with an event in it; `event` is None, and `error` says why, when it can't be understood."""

    raw: str
    event: Event | None
    error: str = ""


def read_frame(text: str) -> ReceivedFrame | frames.Control:
    """Look at a frame from the socket: a control frame is handed back, everything else is for `receive`."""
    try:
        frame = frames.parse(text)
    except FrameError as error:
        log.warning("a frame could not be understood: %s", error)
        return ReceivedFrame(text, None, str(error))
    return ReceivedFrame(text, frame) if isinstance(frame, Event) else frame


def error_event(text: str, *, raw: str, last_action: str) -> ReceivedFrame:
    """An error frame as an event of its own, for log and feed. Nothing ties it to an action: the last one is named."""
    said = f"Joystick says: {text}" + (f" (last action: {last_action})" if last_action else "")
    log.error("%s", said)
    return ReceivedFrame(raw, OtherEvent(uid=f"error:{uuid4().hex}", kind=SERVER_ERROR, text=clean_text(said)))
