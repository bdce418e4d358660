"""Ask an AI what a viewer wrote, and say its answer in chat."""

from __future__ import annotations

from contextlib import suppress

from django.utils.text import Truncator
from pydantic import Field

from effects import chat
from effects.chat import Priority
from effects.models import QueueItem
from effects.outside.replies import asking, options
from effects.queue import items
from effects.registry import Card, Effect, EffectKind, Group, Payload, get_kind, register
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.steps import MAX_TEXT


class Reply(Payload):
    """What is asked."""

    text: str = Field(min_length=1, max_length=MAX_TEXT, description="What is asked: {text} is what the viewer wrote.")


@register
class ReplyKind(EffectKind[Reply]):
    """An answer of the AI that *AI replies* names. It has a lane of its own: a model may take its time."""

    name = "reply"
    lane = "reply"
    repeatable = False
    payload = Reply
    card = Card(Group.CHAT, "Reply by AI", "Asks an AI, and says its answer in chat.")
    deadline = 75.0  # longer than the most seconds for an answer, and looking up a name

    def require_ready(self) -> None:
        asking.require_ready()

    def require_usable(self, payload: Reply) -> None:
        asking.require_possible(payload.text)

    def left_out_of_tests(self, payload: Reply) -> str:
        return f"ask the AI “{Truncator(payload.text).chars(60)}”"

    def perform(self, item: QueueItem, payload: Reply) -> None:
        """Ask, say the answer, and have it spoken where that is set. Raise Failed where there is no answer."""
        answer = asking.ask(payload.text).text
        if not items.unchanged(item).exists():  # it was skipped while the model thought, and given back
            return
        item.caption = answer
        line = f"@{item.viewer.username} {answer}" if item.viewer else answer
        chat.say(line, Priority.ANSWER if item.purchase else Priority.CHATTER)
        if options.current().spoken:
            _speak(item, answer)


def _speak(item: QueueItem, answer: str) -> None:
    # No part of what was bought: the answer was given. Where nobody would hear it, nothing waits.
    with suppress(Refused):
        get_kind("speak").require_ready()
        items.enqueue(
            Effect("speak", {"text": answer}, answer), viewer=item.viewer, event=item.event, is_follow_up=True
        )
