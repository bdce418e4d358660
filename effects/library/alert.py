"""Show a line in large letters for a few seconds."""

from __future__ import annotations

from pydantic import Field

from effects.models import QueueItem, WordFilter
from effects.registry import MAX_TITLE, Effect, Payload, Told, effect
from effects.voice.speakable import shown


class Alert(Payload):
    """`seconds`: how long it is to be seen."""

    text: str = Field(min_length=1, max_length=500)
    seconds: float = Field(5.0, ge=1, le=60)


def alert(text: str, seconds: float = 5.0) -> Effect:
    """The effect that shows `text`."""
    return Effect("alert", {"text": text, "seconds": seconds}, title=text[:MAX_TITLE])


@effect("alert", lane="effect", repeatable=True, payload=Alert)
def perform(item: QueueItem) -> Told:
    """The overlay shows it."""
    wish = Alert.model_validate(item.payload)
    text = shown(wish.text, filters=WordFilter.objects.values_list("word", "replacement"))
    return Told({"type": "alert", "text": text, "seconds": wish.seconds}, seconds=wish.seconds)
