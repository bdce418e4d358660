"""Frames as they were received: an event, or the reason why there is none."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import uuid4

from joystick.protocol import frames
from joystick.protocol.envelope import FrameError, clean_text
from joystick.protocol.events import Event, OtherEvent

log = logging.getLogger("joystick")

# The kinds under which the feed keeps a frame that could not be read, and an error frame.
UNREADABLE = "unreadable"
SERVER_ERROR = "error"


@dataclass(frozen=True, slots=True)
class ReceivedFrame:
    """A frame to be stored: its text and its event. Without an event, `error` says why it can't be read."""

    raw: str
    event: Event | None
    error: str = ""


def read_frame(text: str) -> ReceivedFrame | frames.Control:
    """Parse a frame from the socket. Return a control frame as it is, and anything else as a ReceivedFrame to store."""
    try:
        frame = frames.parse(text)
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
