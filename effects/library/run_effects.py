"""Run several effects in a sequence: each begins when the one before it has ended, whatever their lanes."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from effects.models import QueueItem, State
from effects.queue import items
from effects.registry import INSTANT, Card, Group, Payload, StepItem, effect, gives, kinds
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.steps import SEQUENCE, Step, leaves, planned


class RunEffects(Payload):
    """`effects`: steps, as in any column of effects. They are checked on saving, and each again in its turn."""

    effects: list[StepItem] = Field(min_length=1, description="They happen in this order.")


@effect(
    SEQUENCE,
    lane=INSTANT,
    repeatable=False,
    payload=RunEffects,
    card=Card(
        Group.SEVERAL, "Several effects in a row", "Runs several effects; each begins when the one before it has ended."
    ),
)
def run_effects(item: QueueItem, payload: RunEffects) -> None:
    """Enqueue the first step, with the rest as its sequel, as part of the same purchase.

    Of a purchase, the first step that fails refunds all of it and drops the rest; where nobody bought anything, the
    rest goes on. Raise Failed if there are no steps.
    """
    # Nested sequences are flattened, so that later steps wait for every inner step.
    steps = list(leaves(payload.effects))
    if item.purchase is not None:
        # What the viewer keeps comes last: it could not be taken back with the refund of a step that fails.
        steps.sort(key=gives)
    # Steps of removed kinds are left out, unless a viewer paid for them: then the failure refunds the purchase.
    while not item.redeem and len(steps) > 1 and kinds.get(str(steps[0].get("kind"))) is None:
        steps = steps[1:]
    if not steps:
        raise Failed("there are no effects in it")
    if item.purchase is not None and gives(steps[0]):
        _give_all(item, steps)
        return
    (first,) = planned(steps[:1], {})
    items.hand_on(item, first, sequel=steps[1:])


def _give_all(item: QueueItem, steps: Sequence[Step]) -> None:
    # In the savepoint that this effect is performed in: if one can't be given, none is.
    for gift in planned(steps, {}):
        given = items.hand_on(item, gift)
        if given.state == State.FAILED:
            raise Failed(given.reason)
