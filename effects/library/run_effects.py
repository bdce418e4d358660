"""Several effects, one after the other: each begins when the one before it has ended, in whatever lane."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from effects.models import QueueItem
from effects.queue import items
from effects.registry import INSTANT, Payload, effect, kinds
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.steps import SEQUENCE, leaves, planned


class RunEffects(Payload):
    """`effects`: as any column of effects has them. Each is checked when it is saved (`steps.mistakes`), and when its
    turn comes.
    """

    effects: list[dict[str, Any]] = Field(min_length=1)


@effect(SEQUENCE, lane=INSTANT, repeatable=False, payload=RunEffects)
def run_effects(item: QueueItem, payload: RunEffects) -> None:
    """Put the first into its lane, with the rest as its sequel, and hand what the viewer bought on to it, as each does
    to the one after it: the points go back when any of them does not happen, and the rest is dropped then. Of effects
    that nobody bought, one that fails does not stop the others.
    """
    # Inner sequences are taken apart, or what comes after one would not wait for all of it.
    steps = list(leaves(payload.effects))
    while not item.redeem and len(steps) > 1 and kinds.get(str(steps[0].get("kind"))) is None:
        steps = steps[1:]
    if not steps:
        raise Failed("there are no effects in it")
    (first,) = planned(steps[:1], {})
    items.hand_on(item, first, sequel=steps[1:])
