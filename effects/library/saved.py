"""Run a saved sequence, by its name."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from effects.models import QueueItem
from effects.queue import sequences
from effects.registry import Card, FlowKind, Group, Payload, register
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.steps import SAVED, Step, unfolded


class Saved(Payload):
    """`name`: the sequence's."""

    name: str = Field(
        min_length=1,
        max_length=60,
        title="Sequence",
        description="Its name, as on the page of saved sequences.",
        json_schema_extra={"from": "saved"},
    )


@register
class SavedKind(FlowKind[Saved]):
    """A saved sequence. Where effects are planned, its own take its place: what comes to the queue is one that can't be
    found, or was put there by code.
    """

    name = SAVED
    payload = Saved
    card = Card(Group.SEVERAL, "Saved sequence", "Runs a sequence that you saved under a name.")

    def require_usable(self, payload: Saved) -> None:
        if self._steps(payload) is None:
            raise Refused(sequences.why_not(payload.name))

    def choose(self, item: QueueItem, payload: Saved) -> Sequence[Step]:
        """Return its effects. Raise Failed where there is no such sequence, or it contains itself."""
        steps = self._steps(payload)
        if steps is None:
            raise Failed(sequences.why_not(payload.name))
        return steps

    def _steps(self, payload: Saved) -> Sequence[Step] | None:
        (step,) = unfolded([{"kind": SAVED, "name": payload.name}])
        return None if step.get("kind") == SAVED else [step]
