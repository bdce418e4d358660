"""A stream that is about to end, while viewers are still there: for the credits."""

from __future__ import annotations

from joystick.protocol.events import StreamEnding
from joystick.reactions.kinds import Occasion, occasion


@occasion("stream_ending", StreamEnding, title="the stream is about to end", has_viewer=False)
def stream_ending(ending: StreamEnding) -> Occasion:
    """Return the occasion of an end that comes; it may come again where the stream goes on."""
    return Occasion(ending.username)
