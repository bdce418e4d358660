"""Kinds of effects for tests, the frames for overlays, and the lanes that are woken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ConfigDict

from effects.models import QueueItem
from effects.registry import Card, FunctionKind, Group, OverlayTask, Payload, kinds

CARD = Card(Group.OUTSIDE, "Test", "Is made for a test.")


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
        def performer(item: QueueItem, payload: Anything) -> OverlayTask | None:
            return perform(item)

        made = FunctionKind(name, performer, lane=lane, repeatable=repeatable, payload=Anything, card=CARD)
        kinds.add(name, made, "a test")
        added.append(name)
        return name

    yield add
    for name in added:
        del kinds._things[name]


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The frames that overlays would get."""
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr("effects.overlays.messages.group_send", lambda group, message: sent.append(message["frame"]))
    return sent


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lanes that a worker would be told of."""
    lanes: list[str] = []
    monkeypatch.setattr("effects.queue.wakeups.send_drain", lanes.append)
    return lanes
