"""Somebody whom the streamer always shouts out."""

from __future__ import annotations

from economy.viewers.people import channel_address
from joystick.protocol.events import ChatMessage
from joystick.reactions import visits
from joystick.reactions.kinds import VIEWER, Occasion, occasion


@occasion(
    "shout_out",
    ChatMessage,
    title="somebody of the list “Always shout out” says their first line of the stream",
    words={"link": channel_address("Ann")},
    subject=VIEWER,
    sieve=visits.shout_out,
)
def shout_out(message: ChatMessage) -> Occasion:
    """Return the occasion of any line; the sieve keeps the first of those who are on the list, and adds the link."""
    return Occasion(message.username, message.username)
