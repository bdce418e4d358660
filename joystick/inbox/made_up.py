"""Events that staff make up, received as if Joystick had sent them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.utils import timezone

from economy.viewers import people
from economy.viewers.roles import in_channel
from joystick.channel import streams
from joystick.inbox import receive
from joystick.protocol.compose import compose
from joystick.protocol.frames import ReceivedFrame, read_frame
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.errors import Refused

# What the uid of each begins with, so that the feed tells them from what came.
MARK = "simulated:"
# A viewer's flag, by the badge that a line in chat shows for it.
FLAGS = {"streamer": "is_streamer", "mod": "is_moderator", "subscriber": "is_subscriber", "bot": "is_bot"}


def receive_made_up(kind: str, *, username: str, text: str, tokens: int | None) -> str:
    """Receive an event of `kind`, and return its uid. It pays, speaks and counts like a real one.

    Raise Refused where the platform could not have sent it.
    """
    data = {} if tokens is None else {"how_much": tokens}
    return receive_frame(made_up(kind, username=username, text=text, data=data))


def made_up(kind: str, *, username: str, text: str, data: Mapping[str, Any]) -> ReceivedFrame:
    """Return a frame with an event of `kind`, of now and of the present channel, or else of the one last heard from.

    `data` holds the keys that only this kind has. Raise Refused where the platform could not have sent it.
    """
    channel = present_channel.present() or streams.last_channel()
    message = compose(
        kind,
        uid=f"{MARK}{uuid4()}",
        channel_id=channel,
        at=timezone.now(),
        username=username,
        text=text,
        data=data,
        badges=_badges(username, channel) if kind == "new_message" else (),
    )
    received = read_frame(json.dumps({"identifier": "{}", "message": message}))
    if not isinstance(received, ReceivedFrame) or received.event is None:
        mistake = received.error if isinstance(received, ReceivedFrame) else "no event"
        raise Refused(f"this event could not come from Joystick.tv: {mistake}")
    return received


def receive_frame(received: ReceivedFrame) -> str:
    """Receive what `made_up` returned, and return the event's uid."""
    assert received.event is not None  # by `made_up`
    receive.receive([received])
    return received.event.uid


def _badges(username: str, channel: str) -> list[str]:
    # A line without badges would take from its author what earlier ones said: being a moderator, say.
    known = people.find(username)
    viewer = known and in_channel(known, channel)
    return [badge for badge, flag in FLAGS.items() if viewer is not None and getattr(viewer, flag)]
