"""Run one of several lists of effects: drawn by weights, or the next in turn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Literal

from django.db.models import F
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from effects import wheel
from effects.models import QueueItem, Turn
from effects.registry import Card, FlowKind, Group, Payload, StepItem, register, require_now, require_possible
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.steps import Step


class Choice(BaseModel):
    """One of the lists. Where it has no effects, nothing happens."""

    model_config = ConfigDict(extra="forbid")

    weight: int = Field(
        1,
        ge=1,
        le=1000,
        description="What weighs twice as much is drawn twice as often. In turn, it does not matter.",
    )
    effects: list[StepItem] = Field(
        default_factory=list, description="They happen in this order. None: nothing happens where this is drawn."
    )


class OneOf(Payload):
    """`counter` names what counts the turns: it is filled in where the effect is stored."""

    how: Literal["by weight", "in turn"] = Field(
        "by weight", description="By weight, one is drawn by chance. In turn, each comes once before one comes again."
    )
    choices: list[Choice] = Field(min_length=1, max_length=50, description="One of these happens.")
    counter: str = Field(
        "", max_length=64, description="By this the turns are counted.", json_schema_extra={"hidden": True}
    )


@register
class OneOfKind(FlowKind[OneOf]):
    """A choice, made once when its turn comes, before anything of it happens."""

    name = "one_of"
    payload = OneOf
    card = Card(Group.SEVERAL, "One of several", "Runs one of several lists of effects: by chance, or in turn.")

    def choose(self, item: QueueItem, payload: OneOf) -> Sequence[Step]:
        """Return the effects of the drawn choice; where it was bought, of those that can happen, if there are any."""
        possible = payload.choices
        if item.purchase is not None:
            possible = [choice for choice in payload.choices if _is_possible(choice)] or payload.choices
        if payload.how == "by weight":
            return wheel.pick(possible).effects
        counter = payload.counter or _counter(payload)
        if item.is_test:
            return payload.choices[_peek(counter) % len(payload.choices)].effects
        while (choice := payload.choices[_take(counter) % len(payload.choices)]) not in possible:
            pass
        return choice.effects


def _is_possible(choice: Choice) -> bool:
    try:
        require_possible(choice.effects, require_now)
    except (Refused, Failed):
        return False
    return True


def _counter(payload: OneOf) -> str:
    # Of one that is stored nowhere, such as a plan in code: the same content has the same counter.
    return hashlib.sha256(json.dumps(payload.model_dump(mode="json")).encode()).hexdigest()


def _take(counter: str) -> int:
    """Return how often turns were taken before, and count this one, in the caller's transaction."""
    Turn.objects.get_or_create(pk=counter)
    # One statement, which locks the row until the commit: of two that come at once, the other reads what this one left.
    Turn.objects.filter(pk=counter).update(taken=F("taken") + 1, used_at=timezone.now())
    return Turn.objects.values_list("taken", flat=True).get(pk=counter) - 1


def _peek(counter: str) -> int:
    return Turn.objects.filter(pk=counter).values_list("taken", flat=True).first() or 0
