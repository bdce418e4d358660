"""Events that staff make up, received as if Joystick had sent them."""

from __future__ import annotations

import json
from uuid import uuid4

from django.utils import timezone

from joystick.channel import streams
from joystick.inbox import receive
from joystick.protocol.compose import compose
from joystick.protocol.frames import ReceivedFrame, read_frame
from pixelbot_site.kit.errors import Refused


def receive_made_up(kind: str, *, username: str, text: str, tokens: int | None) -> str:
    """Receive an event of `kind`, and return its uid. It pays, speaks and counts like a real one.

    Raise Refused where the platform could not have sent it.
    """
    message = compose(
        kind,
        uid=str(uuid4()),
        channel_id=streams.last_channel(),
        at=timezone.now(),
        username=username,
        text=text,
        data={} if tokens is None else {"how_much": tokens},
    )
    received = read_frame(json.dumps({"identifier": "{}", "message": message}))
    if not isinstance(received, ReceivedFrame) or received.event is None:
        mistake = received.error if isinstance(received, ReceivedFrame) else "no event"
        raise Refused(f"this event could not come from Joystick.tv: {mistake}")
    receive.receive([received])
    return received.event.uid
