"""Kinds of effects: what performers get, and what a class can do beyond performing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import Field

from economy.ledger import points
from economy.models import Points, Viewer
from effects.models import Purchase, QueueItem, State
from effects.queue import control, items, worker
from effects.registry import Card, Effect, EffectKind, Group, OverlayTask, Payload, effect, kinds, register
from pixelbot_site.kit import steps

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken", "frames")]


LAMP = Card(Group.OUTSIDE, "Lamp", "Lights a lamp.")


class Lamp(Payload):
    colour: str = Field(min_length=1)
    seconds: float = Field(5, le=60)


@pytest.fixture(autouse=True)
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds that a test registers are gone after it."""
    monkeypatch.setattr(kinds, "_things", dict(kinds._things))
    monkeypatch.setattr(steps.payloads, "_things", dict(steps.payloads._things))
    monkeypatch.setattr(steps.cards, "_things", dict(steps.cards._things))


@pytest.fixture
def lamps() -> list[Lamp]:
    """The payloads that the performer of the kind `lamp` got."""
    got: list[Lamp] = []

    @effect("lamp", lane="test", repeatable=True, payload=Lamp, card=LAMP, deadline=7)
    def lamp(item: QueueItem, payload: Lamp) -> None:
        got.append(payload)

    return got


@pytest.fixture
def bulbs() -> type[EffectKind[Lamp]]:
    """A kind that is a class, with all that a class can do; `calls` says what was called."""

    @register
    class BulbKind(EffectKind[Lamp]):
        name = "bulb"
        lane = "test"
        repeatable = False
        payload = Lamp
        card = LAMP
        is_slow = True
        calls: list[str] = []  # noqa: RUF012

        def perform(self, item: QueueItem, payload: Lamp) -> OverlayTask:
            self.calls.append(f"perform {payload.colour}")
            return OverlayTask({"type": "bulb"}, seconds=payload.seconds)

        def prepare(self, item: QueueItem, payload: Lamp) -> dict[str, Any]:
            self.calls.append(f"prepare {payload.colour}")
            return {}

        def is_promised(self, item: QueueItem) -> bool:
            return item.attempts > 0

        def settle(self, item: QueueItem) -> None:
            self.calls.append(f"settle {item.state}")

    return BulbKind


def drained(effect: Effect, *, viewer: Viewer | None = None, purchase: Purchase | None = None) -> QueueItem:
    item = items.enqueue(effect, viewer=viewer, purchase=purchase)
    worker.drain("test")
    item.refresh_from_db()
    return item


def test_a_performer_gets_its_payload_with_defaults(lamps: list[Lamp]) -> None:
    assert drained(Effect("lamp", {"colour": " red "})).state == State.DONE
    assert lamps == [Lamp(colour="red", seconds=5)]
    assert kinds.get("lamp").deadline == 7  # type: ignore[union-attr]


def test_a_payload_that_does_not_fit_ends_the_item_with_its_points_back(
    lamps: list[Lamp], viewer: Callable[..., Viewer], said: list[str]
) -> None:
    bob = viewer("Bob", points=100)
    payment = points.spend(bob, 25, source="redeem", reference="r:1")
    item = drained(
        Effect("lamp", {"seconds": 5}), viewer=bob, purchase=Purchase.objects.create(viewer=bob, payment=payment)
    )
    assert (item.state, item.error) == (State.FAILED, "the effect's fields do not fit: colour: Field required")
    assert lamps == []
    assert Points.objects.get(viewer=bob).balance == 100
    assert said == [f"@Bob sorry, that did not happen: {item.error}. Your 25 points are back."]


def test_what_a_streamer_may_name_is_what_is_registered(lamps: list[Lamp]) -> None:
    assert steps.mistakes([{"kind": "lamp", "colour": "red"}]) == []
    assert steps.mistakes([{"kind": "lamp"}]) == ["Effect 1, lamp: colour: Field required"]


def test_a_class_prepares_what_comes_next_while_the_overlay_has_the_first(bulbs: Any) -> None:
    items.enqueue(Effect("bulb", {"colour": "red"}))
    items.enqueue(Effect("bulb", {"colour": "blue"}))
    worker.drain("test")
    assert bulbs.calls == ["perform red", "prepare blue"]


def test_what_cannot_be_prepared_shows_when_its_turn_comes(bulbs: Any) -> None:
    items.enqueue(Effect("bulb", {"colour": "red"}))
    wrong = items.enqueue(Effect("bulb", {"colour": ""}))
    worker.drain("test")
    wrong.refresh_from_db()
    assert (bulbs.calls, wrong.state) == (["perform red"], State.PENDING)


def test_what_a_class_promised_is_settled_at_whatever_end(bulbs: Any) -> None:
    item = drained(Effect("bulb", {"colour": "red"}))
    assert control.skip("test", by="mod") is not None
    item.refresh_from_db()
    assert (item.state, item.error) == (State.DONE, "it was skipped")
    assert bulbs.calls == ["perform red", "settle done"]


def test_what_was_not_begun_is_not_promised(bulbs: Any) -> None:
    item = items.enqueue(Effect("bulb", {"colour": "red"}))
    assert control.cancel(item, by="mod")
    item.refresh_from_db()
    assert (item.state, bulbs.calls) == (State.CANCELLED, [])
