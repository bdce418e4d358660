"""The registry of the kinds of effects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from effects.models import QueueItem
from pixelbot_site.kit import steps
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.registry import Registry
from pixelbot_site.kit.steps import MAX_TITLE as MAX_TITLE
from pixelbot_site.kit.steps import Card as Card
from pixelbot_site.kit.steps import Effect as Effect
from pixelbot_site.kit.steps import Group as Group
from pixelbot_site.kit.steps import Payload as Payload
from pixelbot_site.kit.steps import StepItem as StepItem

# The lane of kinds that need none: they happen inside the transaction that enqueues them (a grant of points).
INSTANT = ""

P = TypeVar("P", bound=Payload)


@dataclass(frozen=True, slots=True)
class OverlayTask:
    """What the overlays have to play: the message for them, and its length in seconds."""

    message: Mapping[str, Any]
    seconds: float


class EffectKind(ABC, Generic[P]):
    """A kind of effect. Most are a function with `@effect`; a class with `@register` can do more than perform.

    `repeatable`: after a crash it is done again instead of refunded. `deadline`: the seconds that `perform` may take
    (playing on the overlays is limited separately). `payload`: the fields that an effect of this kind has. `card`: what
    the dashboard calls it, and the group in whose menu it stands. `gives`: it gives the viewer something to keep; in a
    sequence that was bought, that happens when all the rest has.
    """

    name: str
    lane: str
    repeatable: bool
    payload: type[P]
    card: Card
    deadline: float = 30.0
    gives: bool = False
    # What the dashboard calls an item that was done: “sent” where nobody says whether it arrived.
    done_word: str = "done"
    # Whether the worker calls `prepare` for the next item of the lane.
    is_slow: bool = False

    @abstractmethod
    def perform(self, item: QueueItem, payload: P) -> OverlayTask | None:
        """Do the work: return None if that is all, or a task for the overlays, which report when it is over.

        Raise Failed if it can't be done; the purchase is refunded then.
        """

    def require_ready(self) -> None:
        """Raise Refused, with the reason for the viewer, where no effect of this kind can happen now."""

    def require_usable(self, payload: P) -> None:
        """Raise Refused, with the reason for the viewer, where this very effect can't happen. Called before a sale."""

    def left_out_of_tests(self, payload: P) -> str:
        """Return what a test does not do, as "give 50 points"; "" for an effect that a test performs as any other."""
        return f"do “{self.name}”" if self.gives else ""

    def given(self, payload: P) -> str:
        """Return what the effect gives or may lead to somebody getting, as "give 50 points"; "" where nothing."""
        return self.left_out_of_tests(payload) if self.gives else ""

    def require_testable(self, payload: P) -> None:
        """Raise Refused, with the reason, where a test of this very effect would show nothing."""
        self.require_ready()
        self.require_usable(payload)

    def seconds(self, payload: P) -> float:
        """Return how long the effect will last, as far as that is known before it happens."""
        return float(getattr(payload, "seconds", 0))

    def titled(self, title: str) -> str:
        """Return the title of an effect as the queue shows it."""
        return title

    def sort(self, payload: Mapping[str, Any]) -> str:
        """Return by what the bot's own items are alike; an old one may be dropped for a new one. "": none ever is."""
        return ""

    def prepare(self, item: QueueItem, payload: P) -> dict[str, Any]:
        """Do the slow part of an item that still waits; return its fields to store. Raise Failed as `perform`."""
        return {}

    def is_promised(self, item: QueueItem) -> bool:
        """Return whether the viewer already owns the result, so that the item counts as done however it ends."""
        return False

    def settle(self, item: QueueItem) -> None:
        """Give the viewer the result. Called once, in the transaction that marks the item as done."""

    def parse(self, payload: Mapping[str, Any]) -> P:
        """Return an item's payload as the kind's model. Raise Failed if it does not fit."""
        return steps.parse(self.payload, payload)


class FlowKind(EffectKind[P]):
    """A kind that decides how a sequence goes on. It is no item of its own: the sequence that holds it asks it.

    In a test, nothing that `choose` stores may change.
    """

    lane = INSTANT
    repeatable = True

    def choose(self, item: QueueItem, payload: P) -> Sequence[steps.Step]:
        """Return the steps that happen in its place, chosen now."""
        return ()

    def pause(self, payload: P) -> float:
        """Return the seconds after which the sequence goes on."""
        return 0

    def perform(self, item: QueueItem, payload: P) -> None:
        """Raise Failed: what comes here was put into the queue past `items.enqueue`."""
        raise Failed("it happens in a sequence alone")


Performer = Callable[[QueueItem, P], OverlayTask | None]


class FunctionKind(EffectKind[P]):
    """A kind made of a plain function."""

    def __init__(
        self,
        name: str,
        performer: Performer[P],
        *,
        lane: str,
        repeatable: bool,
        payload: type[P],
        card: Card,
        deadline: float = EffectKind.deadline,
        gives: bool = False,
        requires: Callable[[], None] | None = None,
        untested: Callable[[P], str] | None = None,
    ) -> None:
        self.name = name
        self.performer = performer
        self.lane = lane
        self.repeatable = repeatable
        self.payload = payload
        self.card = card
        self.deadline = deadline
        self.gives = gives
        self.requires = requires
        self.untested = untested

    def perform(self, item: QueueItem, payload: P) -> OverlayTask | None:
        return self.performer(item, payload)

    def require_ready(self) -> None:
        if self.requires is not None:
            self.requires()

    def left_out_of_tests(self, payload: P) -> str:
        return super().left_out_of_tests(payload) if self.untested is None else self.untested(payload)


kinds: Registry[EffectKind[Any]] = Registry("effect")
KindClass = TypeVar("KindClass", bound=type[EffectKind[Any]])


def effect(
    name: str,
    *,
    lane: str,
    repeatable: bool,
    payload: type[P],
    card: Card,
    deadline: float = EffectKind.deadline,
    gives: bool = False,
    requires: Callable[[], None] | None = None,
    untested: Callable[[P], str] | None = None,
) -> Callable[[Performer[P]], Performer[P]]:
    """Register the decorated function as `perform` of the kind `name`. See `EffectKind` for the arguments.

    `requires` is the kind's `require_ready`, `untested` its `left_out_of_tests`.
    """

    def add_function(performer: Performer[P]) -> Performer[P]:
        kind = FunctionKind(
            name,
            performer,
            lane=lane,
            repeatable=repeatable,
            payload=payload,
            card=card,
            deadline=deadline,
            gives=gives,
            requires=requires,
            untested=untested,
        )
        _add(kind, performer.__module__)
        return performer

    return add_function


def register(kind_class: KindClass) -> KindClass:
    """Register the decorated class, which sets `name`, `lane`, `repeatable`, `payload` and `card`, as a kind."""
    _add(kind_class(), kind_class.__module__)
    return kind_class


def _add(kind: EffectKind[Any], module: str) -> None:
    kinds.add(kind.name, kind, module)
    steps.payloads.add(kind.name, kind.payload, module)
    steps.cards.add(kind.name, kind.card, module)


def known_parts(effect: Effect) -> Iterator[tuple[EffectKind[Any], Any]]:
    """Yield (kind, payload) of an effect, or of each that may happen inside it; those of removed kinds are left out.

    Raise Failed if a payload does not fit.
    """
    for step in steps.leaves([effect.step]):
        kind = kinds.get(str(step.get("kind")))
        if kind is not None:
            yield kind, parsed(kind, step)


def parsed(kind: EffectKind[Any], step: steps.Step) -> Any:
    """Return the payload of a step of this kind. Raise Failed if it does not fit."""
    return kind.parse({name: value for name, value in step.items() if name != "kind"})


def require_now(kind: EffectKind[Any], step: steps.Step) -> None:
    """Raise Refused, with the reason for the viewer, where this step can't happen now; Failed where it does not fit."""
    kind.require_ready()
    kind.require_usable(parsed(kind, step))


def require_possible(wanted: Iterable[steps.Step], check: Callable[[EffectKind[Any], steps.Step], None]) -> None:
    """Raise the Refused that `check` raises for something that must happen. Of several ways, one has to be possible."""
    for step in wanted:
        ways = steps.branches(step)
        if len(ways) == 1:
            require_possible(ways[0], check)
        elif ways:
            _require_one(ways, check)
        elif (kind := kinds.get(str(step.get("kind")))) is not None:
            check(kind, step)


def _require_one(ways: list[list[steps.Step]], check: Callable[[EffectKind[Any], steps.Step], None]) -> None:
    refused: Refused | None = None
    for way in ways:
        try:
            require_possible(way, check)
        except Refused as error:
            refused = refused or error
        else:
            return
    if refused is not None:
        raise refused


def seconds(effect: Effect) -> float:
    """Return how many seconds `effect` will last: a sequence the sum, of several ways the longest.

    Raise Failed if a payload does not fit.
    """
    return _seconds(effect.step)


def _seconds(step: steps.Step) -> float:
    ways = steps.branches(step)
    if ways:
        return max(sum(map(_seconds, way)) for way in ways)
    kind = kinds.get(str(step.get("kind")))
    return 0.0 if kind is None else kind.seconds(parsed(kind, step))


def gives(step: steps.Step) -> bool:
    """Return whether the step's kind gives the viewer something to keep."""
    kind = kinds.get(str(step.get("kind")))
    return kind is not None and kind.gives


def rank(step: steps.Step) -> int:
    """Return when the step comes in a sequence that was bought: 0 at first, 1 where it leads to the viewer getting
    something, as a spin does, and 2 where it gives that.
    """
    return 2 if gives(step) else int(_may_give(step))


def may_give(step: steps.Step) -> bool:
    """Return whether the step, or one inside it, gives the viewer something or leads to that, as a spin does."""
    return any(map(_may_give, steps.leaves([step])))


def _may_give(step: steps.Step) -> bool:
    kind = kinds.get(str(step.get("kind")))
    if kind is None or kind.gives:
        return kind is not None
    try:
        return bool(kind.given(parsed(kind, step)))
    except Failed:  # where a number is to be filled in
        return False


def get_kind(name: str) -> EffectKind[Any]:
    """Return the kind called `name`. Raise Failed, with the names of all kinds, if there is none."""
    kind = kinds.get(name)
    if kind is None:
        raise Failed(f"there is no effect called “{name}”: there are {', '.join(kinds)}")
    return kind


def first_lane(payload: Mapping[str, Any]) -> str:
    """Return the first lane that a sequence will need; INSTANT where it needs none."""
    for step in steps.leaves(payload.get("effects", [])):
        kind = kinds.get(str(step.get("kind")))
        if kind is not None and kind.lane:
            return kind.lane
    return INSTANT


def lanes() -> list[str]:
    """Return the names of all lanes, sorted: those that a kind uses."""
    return sorted({kind.lane for kind in kinds.values()} - {INSTANT})
