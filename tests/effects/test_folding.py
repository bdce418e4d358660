"""Effects alike within seconds: one that waits takes the next one in, and no worker misses anything of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from economy.models import Viewer
from economy.viewers import forgetting
from effects.models import QueueItem, State
from effects.queue import folding, items, worker
from effects.queue.folding import Shared
from effects.queue.upkeep import cleanup
from effects.registry import Effect, kinds
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken", "frames")]

Kind = Callable[..., str]


def gifts(count: int, *users: str, kind: str = "alert") -> Shared:
    def make(words: Any) -> Effect:
        return Effect(kind, {"text": f"{words['user']}: {words['count']}"}, f"{words['user']}: {words['count']}")

    return Shared("gifts", make, users, {"count": count})


@pytest.fixture
def bob(viewer: Callable[..., Viewer]) -> Viewer:
    return viewer("Bob")


def add(shared: Shared, viewer: Viewer | None) -> None:
    with transaction.atomic():
        folding.add(shared, folding.waiting([shared.key]), viewer=viewer, event=None)


def texts() -> list[str]:
    return [item.title for item in QueueItem.objects.order_by("pk")]


def test_one_that_waits_takes_in_what_comes_within_seconds(bob: Viewer, viewer: Callable[..., Viewer]) -> None:
    for _ in range(12):
        add(gifts(1, "Bob"), bob)
    assert texts() == ["Bob: 12"]
    add(gifts(2, "Ann"), viewer("Ann"))
    add(gifts(3, "Cid", "BOB"), viewer("Cid"))
    (item,) = QueueItem.objects.all()
    assert (item.title, item.payload, item.viewer) == ("Bob and 2 more: 17", {"text": "Bob and 2 more: 17"}, bob)
    QueueItem.objects.update(created_at=timezone.now() - folding.WINDOW - timedelta(seconds=1))
    add(gifts(1, "Bob"), bob)
    assert texts() == ["Bob and 2 more: 17", "Bob: 1"]


def test_what_has_begun_or_ended_or_is_not_alike_takes_nothing_in(bob: Viewer) -> None:
    add(gifts(1, "Bob"), bob)
    claimed = worker.claim("notification")
    assert claimed is not None
    add(gifts(2, "Bob"), bob)
    items.end(QueueItem.objects.latest("pk"), State.CANCELLED, "x")
    add(gifts(3, "Bob"), bob)
    add(Shared("others", gifts(0).make, ["Bob"], {"count": 4}), bob)
    assert texts() == ["Bob: 1", "Bob: 2", "Bob: 3", "Bob: 4"]
    assert [item.fold is None for item in QueueItem.objects.order_by("pk")] == [True, True, False, False]


def test_nobody_but_the_items_viewer_is_named_in_it(bob: Viewer, viewer: Callable[..., Viewer]) -> None:
    """Whoever is forgotten later is in no other viewer's item, and while it waits by a digest alone."""
    add(gifts(1, "Bob"), bob)
    ann = viewer("Ann")
    add(gifts(1, "Ann"), ann)
    assert "ann" not in str(QueueItem.objects.values_list().get()).casefold()
    forgetting.forget(bob)
    item = worker.claim("notification")
    assert item is not None and items.finish(item.pk, item.attempts)
    cleanup.tidy()
    assert "bob" not in str(QueueItem.objects.values().get()).casefold()


def test_what_was_prepared_ahead_is_prepared_anew(bob: Viewer, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    name = kind("slow", lambda item: None)
    slow: Any = kinds.get(name)
    slow.is_slow = True

    def prepare(item: QueueItem, payload: Any) -> dict[str, Any]:
        if not QueueItem.objects.exclude(title="Bob: 1").exists():
            add(gifts(1, "Bob", kind=name), bob)  # while it is prepared
        return {"caption": item.title}

    slow.prepare = prepare
    add(gifts(1, "Bob", kind=name), bob)
    worker.prepare_next("test")
    item = QueueItem.objects.get()
    assert (item.title, item.is_prepared, item.caption) == ("Bob: 2", False, "")
    worker.prepare_next("test")
    item.refresh_from_db()
    assert (item.is_prepared, item.caption) == (True, "Bob: 2")
    add(gifts(1, "Bob", kind=name), bob)
    item.refresh_from_db()
    assert (item.title, item.is_prepared, item.caption) == ("Bob: 3", False, "")


@pytest.mark.django_db(transaction=True)
def test_workers_and_those_that_add_lose_nothing_and_tell_nothing_twice(bob: Viewer, kind: Kind) -> None:
    told: list[int] = []
    name = kind("note", lambda item: told.append(int(item.payload["text"].partition(": ")[2])))

    def step(number: int) -> None:
        for _ in range(25):
            if number < 3:
                worker.drain("test")
            else:
                add(gifts(1, "Bob", kind=name), bob)

    assert [result for result in at_once(8, step) if result is not None] == []
    worker.drain("test")
    assert sum(told) == 5 * 25
    assert set(QueueItem.objects.values_list("state", flat=True)) == {State.DONE}


def test_an_item_that_takes_something_in_before_its_claim_is_performed_with_it(
    bob: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(gifts(1, "Bob"), bob)
    first = worker._first

    def late(lane: str) -> QueueItem | None:
        item = first(lane)
        add(gifts(1, "Bob"), bob)
        return item

    monkeypatch.setattr(worker, "_first", late)
    item = worker.claim("notification")
    assert item is not None
    assert (item.title, item.payload["text"]) == ("Bob: 2", "Bob: 2")


def test_of_two_who_read_the_same_item_the_second_makes_one_of_its_own(bob: Viewer) -> None:
    add(gifts(1, "Bob"), bob)
    seen, again = (folding.waiting(["gifts"]) for _ in range(2))
    folding.add(gifts(2, "Bob"), seen, viewer=bob, event=None)
    folding.add(gifts(4, "Bob"), again, viewer=bob, event=None)
    assert texts() == ["Bob: 3", "Bob: 4"]
    items.end(QueueItem.objects.earliest("pk"), State.CANCELLED, "x")
    seen["gifts"].folded = None  # as the row has it once it has ended
    folding.add(gifts(8, "Bob"), seen, viewer=bob, event=None)
    assert texts() == ["Bob: 3", "Bob: 4", "Bob: 8"]
