"""Effects: values that say what shall happen, and the functions that make it happen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from effects.models import QueueItem
from pixelbot_site.kit.registry import Registry

MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that happens on the stream. `payload` holds what the kind's performer needs, as JSON values."""

    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """The performer's answer when overlays have to finish the work: what they are told, and its length in seconds."""

    message: Mapping[str, Any]
    seconds: float


Performer = Callable[[QueueItem], Told | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A registered kind of effect. `repeatable`: after a crash it may be done once more rather than fail."""

    name: str
    lane: str
    repeatable: bool
    perform: Performer
    words: Callable[[str], Effect] | None = None


kinds: Registry[Kind] = Registry("effect")


def effect(
    name: str, *, lane: str, repeatable: bool, words: Callable[[str], Effect] | None = None
) -> Callable[[Performer], Performer]:
    """Register the decorated function as the performer of the kind `name`.

    `words` makes the effect of a few words: with it the streamer may choose the kind for a reaction.

    It does its work and returns None when that is all, or `Told` when the overlays have to say that it finished.
    It raises `Failed` where the world would not; the points go back then.
    """

    def register(perform: Performer) -> Performer:
        kinds.add(name, Kind(name, lane, repeatable, perform, words), perform.__module__)
        return perform

    return register
