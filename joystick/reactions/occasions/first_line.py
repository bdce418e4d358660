"""The first line that somebody says in a stream."""

from __future__ import annotations

from joystick.protocol.events import ChatMessage
from joystick.reactions import visits
from joystick.reactions.kinds import VIEWER, VISIT, Occasion, occasion


@occasion(
    "first_line",
    ChatMessage,
    title="somebody says their first line of the stream",
    subject=VIEWER,
    chain=VISIT,
    rank=2,
    sieve=visits.first_line,
)
def first_line(message: ChatMessage) -> Occasion:
    """Return the occasion of any line; the sieve leaves out what is no such visit."""
    return Occasion(message.username, message.username)
