"""Words in chat."""

from __future__ import annotations

from joystick.protocol.events import ChatMessage
from joystick.reactions.kinds import Occasion, occasion


# The text itself is no word that is filled in: the bot would say whatever somebody wants it to.
@occasion("word", ChatMessage, title="somebody says something in chat", subject="line", viewer_cooldown=60)
def word(message: ChatMessage) -> Occasion | None:
    """Return the occasion of a line, whose text is the subject; None for a command."""
    return None if message.text.lstrip().startswith("!") else Occasion(message.username, message.text)
