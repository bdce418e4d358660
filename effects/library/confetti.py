"""Let confetti fall on the overlay."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from effects.models import QueueItem
from effects.overlays import pages
from effects.registry import Card, Group, OverlayTask, Payload, effect

COLOURS = ("#ff5252", "#ffd740", "#69f0ae", "#40c4ff", "#7c4dff", "#ff80ab")


class Confetti(Payload):
    """How much falls, for how long, and in which colours."""

    colours: str = Field(
        "",
        max_length=160,
        pattern=r"^(#[0-9a-fA-F]{6}([ ,]+|$))*$",
        description="Colours like #ff5252, with a space between two. Blank: six bright ones.",
    )
    amount: int = Field(150, ge=1, le=500, description="How many pieces fall.", json_schema_extra={"unit": "pieces"})
    seconds: float = Field(6.0, ge=1, le=60, description="How long they fall.", json_schema_extra={"unit": "seconds"})


@effect(
    "confetti",
    lane="effect",
    repeatable=True,
    payload=Confetti,
    card=Card(Group.SCREEN, "Confetti", "Lets confetti fall over the whole screen."),
    requires=partial(pages.require_open, "confetti"),
)
def confetti(item: QueueItem, payload: Confetti) -> OverlayTask:
    """Have the overlays let it fall."""
    colours = payload.colours.replace(",", " ").split() or list(COLOURS)
    message = {"type": "confetti", "colours": colours, "amount": payload.amount, "seconds": payload.seconds}
    return OverlayTask(message, seconds=payload.seconds)
