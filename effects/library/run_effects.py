"""Several effects, one after the other: each begins when the one before it has ended, in whatever lane."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from effects.models import QueueItem
from effects.queue import items
from effects.registry import INSTANT, Payload, effect, kinds
from pixelbot_site.kit import steps as effects


class RunEffects(Payload):
    """`effects`: as any column of effects has them."""

    effects: list[dict[str, Any]] = Field(min_length=1, max_length=20)

    @field_validator("effects")
    @classmethod
    def known(cls, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each one must be right itself."""
        said = effects.mistakes(steps)
        if said:
            raise ValueError(" ".join(said))
        return steps


@effect("run_effects", lane=INSTANT, repeatable=False, payload=RunEffects)
def run_effects(item: QueueItem) -> None:
    """Puts the first into its lane, with the rest as its sequel, and hands what the viewer bought on to it, as each
    does to the one after it: the points go back when any of them does not happen, and the rest is dropped then. Of
    effects that nobody bought, one that fails does not stop the others.
    """
    steps: list[Any] = _flat(item.payload["effects"])
    while not item.redeem and len(steps) > 1 and steps[0].get("kind") not in kinds:
        steps = steps[1:]
    (first,) = effects.planned(steps[:1], {})
    items.hand_on(item, first, sequel=steps[1:])


def _flat(steps: list[Any]) -> list[Any]:
    """With a sequence that stands first taken apart, or what comes after it would not wait for all of it."""
    while steps[0].get("kind") == "run_effects":
        steps = [*steps[0]["effects"], *steps[1:]]
    return steps
