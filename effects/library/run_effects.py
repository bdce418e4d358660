"""Run several effects in a sequence: each begins when the one before it has ended, whatever their lanes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from effects.models import QueueItem, State
from effects.queue import items
from effects.registry import (
    INSTANT,
    Card,
    Effect,
    EffectKind,
    FlowKind,
    Group,
    Payload,
    StepItem,
    effect,
    gives,
    kinds,
    parsed,
    rank,
    require_now,
    require_possible,
)
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.steps import SEQUENCE, Step, flat, planned

log = logging.getLogger("queue")

EMPTY = phrases.refusal("run_effects.empty", "there are no effects in it")


class RunEffects(Payload):
    """`effects`: steps, as in any column of effects. They are checked on saving, and each again in its turn."""

    effects: list[StepItem] = Field(min_length=1, description="They happen in this order.")


@effect(
    SEQUENCE,
    lane=INSTANT,
    repeatable=True,  # what it does is one transaction: where that was broken off, nothing happened
    payload=RunEffects,
    card=Card(
        Group.SEVERAL, "Several effects in a row", "Runs several effects; each begins when the one before it has ended."
    ),
)
def run_effects(item: QueueItem, payload: RunEffects) -> None:
    """Enqueue the first step, with the rest as its sequel, as part of the same purchase; after a pause, the rest later.

    What decides how it goes on (`FlowKind`) is asked when it is the first. Of a purchase, the first step that fails
    refunds all of it and drops the rest; where nobody bought anything, the rest goes on. Raise Failed if there are no
    steps.
    """
    steps = _decided(item, list(flat(payload.effects)))
    if not steps:
        return
    first, *rest = steps
    kind = kinds.get(str(first.get("kind")))
    if isinstance(kind, FlowKind):  # a pause
        if rest:
            later = Effect(SEQUENCE, {"effects": rest}, item.title)
            items.hand_on(item, later, due_in=kind.pause(parsed(kind, first)))
    elif item.purchase is not None and gives(first):
        _give_all(item, steps)
    else:
        (effect,) = planned([first], None)
        items.hand_on(item, effect, sequel=rest)


def _decided(item: QueueItem, steps: list[Step]) -> list[Step]:
    """Return the steps that are left, of which the first is an effect or a pause. Raise Failed if there were none."""
    if not steps:
        raise Failed(EMPTY())
    while steps:
        if item.purchase is not None:
            # What the viewer keeps comes last: it could not be taken back with the refund of a step that fails.
            steps.sort(key=rank)
        kind = kinds.get(str(steps[0].get("kind")))
        # Steps of removed kinds are left out, unless a viewer paid for them: then the failure refunds the purchase.
        is_left_out = kind is None and not item.redeem and len(steps) > 1
        try:
            chosen = [] if is_left_out else _chosen(item, kind, steps[0])
        except Failed as error:
            if item.purchase is not None or len(steps) == 1:
                raise
            log.warning("left out of %s: %s", item, error)
            chosen = []
        if chosen is None:
            return steps
        steps[:1] = chosen
    return []


def _chosen(item: QueueItem, kind: EffectKind[Any] | None, step: Step) -> list[Step] | None:
    """Return what happens in the step's place; None where it happens itself, or is a pause."""
    if not isinstance(kind, FlowKind):
        return None
    payload = parsed(kind, step)
    if kind.pause(payload):
        return None
    chosen = list(flat(kind.choose(item, payload)))
    if item.purchase is not None:
        # Known before anything of it happens.
        try:
            require_possible(chosen, require_now)
        except Refused as error:
            raise Failed(str(error)) from error
    return chosen


def _give_all(item: QueueItem, steps: Sequence[Step]) -> None:
    # In the savepoint that this effect is performed in: if one can't be given, none is.
    for gift in planned(steps, None):
        given = items.hand_on(item, gift)
        if given.state == State.FAILED:
            raise Failed(given.reason)
