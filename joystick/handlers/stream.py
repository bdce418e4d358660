"""What the start and the end of a stream do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.utils import timezone

from economy.models import Viewer
from joystick.channel import streams
from joystick.protocol.events import StreamEnded, StreamStarted
from joystick.registry import NOTHING, Outcome, on
from joystick.settings_table import Rules


@on(StreamStarted)
def on_stream_started(started: StreamStarted, rules: Rules) -> Outcome:
    """Open a Stream."""
    return Outcome(after_paying=partial(_begin, started))


# StreamEnding has no handler: the stream may still resume.
@on(StreamEnded)
def on_stream_ended(ended: StreamEnded, rules: Rules) -> Outcome:
    """Close the open Stream, with its figures."""
    return Outcome(after_paying=partial(_end, ended))


def _begin(started: StreamStarted, viewers: Mapping[str, Viewer]) -> Outcome:
    streams.begin(started.channel_id, started.occurred_at or timezone.now())
    return NOTHING


def _end(ended: StreamEnded, viewers: Mapping[str, Viewer]) -> Outcome:
    streams.end(ended.channel_id, ended.occurred_at or timezone.now())
    return NOTHING
