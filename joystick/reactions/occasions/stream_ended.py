"""The end of a stream."""

from __future__ import annotations

from joystick.protocol.events import StreamEnded
from joystick.reactions.kinds import Occasion, occasion


@occasion("stream_ended", StreamEnded, title="the stream ends", has_viewer=False, is_live=False)
def stream_ended(ended: StreamEnded) -> Occasion:
    """Return the occasion of an end."""
    return Occasion(ended.username)
