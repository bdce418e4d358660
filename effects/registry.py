"""The kinds of effects, and the functions that make them happen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from effects.models import QueueItem
from pixelbot_site.kit import steps
from pixelbot_site.kit.registry import Registry
from pixelbot_site.kit.steps import MAX_TITLE as MAX_TITLE
from pixelbot_site.kit.steps import Effect as Effect
from pixelbot_site.kit.steps import Payload as Payload

INSTANT = ""
"""The lane of what needs none: it happens in the very transaction that asks for it, a grant of points for instance."""


@dataclass(frozen=True, slots=True)
class Told:
    """The performer's answer when overlays have to finish the work: what they are told, and its length in seconds."""

    message: Mapping[str, Any]
    seconds: float


Performer = Callable[[QueueItem], Told | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A registered kind of effect.

    `repeatable`: after a crash it may be done once more rather than fail. `deadline`: seconds that performing may take
    (what the overlay does then has a time of its own). `ahead` does the slow part of an item that still waits.
    `promised`: what was begun is the viewer's already, so that every end counts as done; `settle` then gives it, in
    the transaction that ends the item, exactly once.
    """

    name: str
    lane: str
    repeatable: bool
    perform: Performer
    payload: type[BaseModel] | None = None
    deadline: float = 30.0
    ahead: Callable[[QueueItem], dict[str, Any]] | None = None
    promised: Callable[[QueueItem], bool] | None = None
    settle: Callable[[QueueItem], None] | None = None


kinds: Registry[Kind] = Registry("effect")


def effect(
    name: str,
    *,
    lane: str,
    repeatable: bool,
    payload: type[BaseModel] | None = None,
    deadline: float = 30.0,
    ahead: Callable[[QueueItem], dict[str, Any]] | None = None,
    promised: Callable[[QueueItem], bool] | None = None,
    settle: Callable[[QueueItem], None] | None = None,
) -> Callable[[Performer], Performer]:
    """Register the decorated function as the performer of the kind `name`. The rest is told at `Kind`.

    It does its work and returns None when that is all, or `Told` when the overlays have to say that it finished.
    It raises `Failed` where the world would not; the points go back then. Where `payload` is given, the streamer may
    name the kind in the dashboard.
    """

    def register(perform: Performer) -> Performer:
        kind = Kind(name, lane, repeatable, perform, payload, deadline, ahead, promised, settle)
        kinds.add(name, kind, perform.__module__)
        if payload is not None:
            steps.payloads[name] = payload
        return perform

    return register


def lanes() -> list[str]:
    """The lanes that there are: those that a kind names."""
    return sorted({kind.lane for kind in kinds.values()} - {INSTANT})
