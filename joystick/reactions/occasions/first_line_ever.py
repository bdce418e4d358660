"""The first line that somebody ever says in chat, as far back as the feed goes."""

from __future__ import annotations

from joystick.protocol.events import ChatMessage
from joystick.reactions import visits
from joystick.reactions.kinds import VIEWER, VISIT, Occasion, occasion


@occasion(
    "first_line_ever",
    ChatMessage,
    title="somebody says their first line ever",
    subject=VIEWER,
    chain=VISIT,
    rank=0,
    sieve=visits.first_line_ever,
)
def first_line_ever(message: ChatMessage) -> Occasion:
    """Return the occasion of any line; the sieve leaves out what is no such visit."""
    return Occasion(message.username, message.username)
