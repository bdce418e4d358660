"""Say a line in chat."""

from __future__ import annotations

from pydantic import Field

from effects import chat
from effects.chat import Priority
from effects.models import QueueItem
from effects.registry import INSTANT, Card, Group, Payload, effect


class ChatLine(Payload):
    """The line for chat."""

    text: str = Field(min_length=1, max_length=500, description="The line for chat.")


def _untested(payload: ChatLine) -> str:
    return f"say in chat “{payload.text}”"


@effect(
    "chat_line",
    lane=INSTANT,
    repeatable=False,
    payload=ChatLine,
    card=Card(Group.CHAT, "Line in chat", "Says a line in chat."),
    untested=_untested,
)
def chat_line(item: QueueItem, payload: ChatLine) -> None:
    """Say the line after the commit."""
    chat.say(payload.text, Priority.ANSWER if item.purchase else Priority.CHATTER)
