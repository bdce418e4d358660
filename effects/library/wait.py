"""Wait for a while before what follows in a sequence."""

from __future__ import annotations

from pydantic import Field

from effects.registry import Card, FlowKind, Group, Payload, register
from pixelbot_site.kit.steps import WAIT


class Wait(Payload):
    """For how many seconds."""

    seconds: float = Field(
        ge=0.1, le=3600, description="What comes after it begins so much later.", json_schema_extra={"unit": "seconds"}
    )


@register
class WaitKind(FlowKind[Wait]):
    """A pause. It occupies no lane and no worker: what follows is an item that is due later."""

    name = WAIT
    payload = Wait
    card = Card(Group.SEVERAL, "Wait", "Waits for a while before what comes after it.")

    def pause(self, payload: Wait) -> float:
        """Return the seconds asked for."""
        return payload.seconds
