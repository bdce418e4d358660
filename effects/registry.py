"""The kinds of effects, and what makes them happen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from effects.models import QueueItem
from pixelbot_site.kit import steps
from pixelbot_site.kit.registry import Registry
from pixelbot_site.kit.steps import MAX_TITLE as MAX_TITLE
from pixelbot_site.kit.steps import Effect as Effect
from pixelbot_site.kit.steps import Payload as Payload

# The lane of what needs none: it happens in the very transaction that asks for it, a grant of points for instance.
INSTANT = ""

P = TypeVar("P", bound=Payload)


@dataclass(frozen=True, slots=True)
class OverlayTask:
    """A performer's answer when overlays have to finish the work: the message for them, and its length in seconds."""

    message: Mapping[str, Any]
    seconds: float


class EffectKind(ABC, Generic[P]):
    """A kind of effect. Most are a function with `@effect`; a class with `@register` can do more than perform.

    `repeatable`: after a crash it may be done once more rather than fail. `deadline`: seconds that performing may take
    (what the overlay does then has a time of its own). `payload`: the fields that an effect of this kind has.
    """

    name: str
    lane: str
    repeatable: bool
    payload: type[P]
    deadline: float = 30.0
    # Whether the worker calls `prepare` for an item that comes next.
    is_slow: bool = False

    @abstractmethod
    def perform(self, item: QueueItem, payload: P) -> OverlayTask | None:
        """Do the work: return None when that is all, or a task for the overlays, which report when it is over.

        Raise Failed where the world would not; the points go back then.
        """

    def seconds(self, payload: P) -> float:
        """Return how long the effect will last, where that is known before it happens; 0 for what takes no time."""
        return float(getattr(payload, "seconds", 0))

    def prepare(self, item: QueueItem, payload: P) -> dict[str, Any]:
        """Do the slow part of an item that still waits; return its fields to store. Raise Failed as above."""
        return {}

    def is_promised(self, item: QueueItem) -> bool:
        """Return whether what was begun is the viewer's already, so that every end of the item counts as done."""
        return False

    def settle(self, item: QueueItem) -> None:
        """Give what was promised: called once, in the transaction in which the item is done."""

    def parse(self, payload: Mapping[str, Any]) -> P:
        """Return the payload of an item as its model. Raise Failed where it does not fit."""
        return steps.parse(self.payload, payload)


Performer = Callable[[QueueItem, P], OverlayTask | None]


class FunctionKind(EffectKind[P]):
    """A kind that is performed by a plain function."""

    def __init__(
        self,
        name: str,
        performer: Performer[P],
        *,
        lane: str,
        repeatable: bool,
        payload: type[P],
        deadline: float = EffectKind.deadline,
    ) -> None:
        self.name = name
        self.performer = performer
        self.lane = lane
        self.repeatable = repeatable
        self.payload = payload
        self.deadline = deadline

    def perform(self, item: QueueItem, payload: P) -> OverlayTask | None:
        """Call the function."""
        return self.performer(item, payload)


kinds: Registry[EffectKind[Any]] = Registry("effect")
KindClass = TypeVar("KindClass", bound=type[EffectKind[Any]])


def effect(
    name: str, *, lane: str, repeatable: bool, payload: type[P], deadline: float = EffectKind.deadline
) -> Callable[[Performer[P]], Performer[P]]:
    """Register the decorated function as the performer of the kind `name`: see `EffectKind`, and its `perform`."""

    def add_function(performer: Performer[P]) -> Performer[P]:
        kind = FunctionKind(name, performer, lane=lane, repeatable=repeatable, payload=payload, deadline=deadline)
        _add(kind, performer.__module__)
        return performer

    return add_function


def register(kind_class: KindClass) -> KindClass:
    """Register the decorated class, which sets `name`, `lane`, `repeatable` and `payload`, as a kind."""
    _add(kind_class(), kind_class.__module__)
    return kind_class


def _add(kind: EffectKind[Any], module: str) -> None:
    kinds.add(kind.name, kind, module)
    steps.payloads.add(kind.name, kind.payload, module)


def seconds(effect: Effect) -> float:
    """Return how long `effect` will last; of a sequence, the sum. Raise Failed where a payload does not fit."""
    total = 0.0
    for step in steps.leaves([effect.step]):
        kind = kinds.get(str(step.get("kind")))
        if kind is not None:
            total += kind.seconds(kind.parse({name: value for name, value in step.items() if name != "kind"}))
    return total


def lanes() -> list[str]:
    """The lanes that there are: those that a kind names."""
    return sorted({kind.lane for kind in kinds.values()} - {INSTANT})
