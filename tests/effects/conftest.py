"""Kinds of effects for tests, and what was told to overlays and chat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ConfigDict

from effects.models import QueueItem
from effects.registry import FunctionKind, OverlayTask, Payload, kinds


class Anything(Payload):
    """Fits whatever the test's effect holds."""

    model_config = ConfigDict(extra="allow")


@pytest.fixture
def kind() -> Iterator[Callable[..., str]]:
    """Registers a kind, in the lane `test` where no other is named, for this test: `kind("boom", perform)`; returns its
    name.
    """
    added: list[str] = []

    def add(
        name: str, perform: Callable[[QueueItem], OverlayTask | None], *, repeatable: bool = True, lane: str = "test"
    ) -> str:
        added_kind = FunctionKind(
            name, lambda item, payload: perform(item), lane=lane, repeatable=repeatable, payload=Anything
        )
        kinds.add(name, added_kind, "a test")
        added.append(name)
        return name

    yield add
    for name in added:
        del kinds._things[name]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The frames that overlays would get."""
    frames: list[dict[str, Any]] = []
    monkeypatch.setattr("effects.overlays.messages.group_send", lambda group, message: frames.append(message["frame"]))
    return frames


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lanes that a worker would be told of."""
    lanes: list[str] = []
    monkeypatch.setattr("effects.queue.wakeups.send_drain", lanes.append)
    return lanes
