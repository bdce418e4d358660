"""The start of a stream."""

from __future__ import annotations

from joystick.protocol.events import StreamStarted
from joystick.reactions.kinds import Occasion, occasion


@occasion("stream_started", StreamStarted, title="the stream begins", has_viewer=False)
def stream_started(started: StreamStarted) -> Occasion:
    """Return the occasion of a start."""
    return Occasion(started.username)
