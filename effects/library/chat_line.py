"""Say a line in chat."""

from __future__ import annotations

from pydantic import Field

from effects import chat
from effects.chat import Priority
from effects.models import QueueItem
from effects.registry import INSTANT, Payload, effect


class ChatLine(Payload):
    """The line for chat."""

    text: str = Field(min_length=1, max_length=500)


@effect("chat_line", lane=INSTANT, repeatable=False, payload=ChatLine)
def chat_line(item: QueueItem, payload: ChatLine) -> None:
    """Say the line after the commit."""
    chat.say(payload.text, Priority.ANSWER if item.purchase else Priority.CHATTER)
