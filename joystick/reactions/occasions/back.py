"""The first line after days of silence."""

from __future__ import annotations

from joystick.protocol.events import ChatMessage
from joystick.reactions import visits
from joystick.reactions.kinds import VIEWER, VISIT, Occasion, occasion


@occasion(
    "back",
    ChatMessage,
    title="somebody says something after some days",
    words={"days": 7},
    amount="days",
    subject=VIEWER,
    chain=VISIT,
    rank=1,
    sieve=visits.back,
)
def back(message: ChatMessage) -> Occasion:
    """Return the occasion of any line; the sieve leaves out what is no such visit."""
    return Occasion(message.username, message.username)
