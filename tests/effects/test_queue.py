"""The queue: one item of a lane at a time, and each ends done, or failed with its points back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from economy.ledger import points
from economy.models import Points, Transaction, TransactionKind, Viewer
from effects.models import Overlay, OverlayPage, Purchase, QueueItem, State
from effects.overlays import pages
from effects.queue import items, lease, playback, refunds, worker
from effects.queue.upkeep import rescue
from effects.registry import Effect, OverlayTask
from pixelbot_site.kit import threads
from pixelbot_site.kit.errors import Failed
from tests.processes import wait_until
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken", "said")]

AddKind = Callable[..., str]


def do_nothing(item: QueueItem) -> None:
    """Performs at once."""


def show(item: QueueItem) -> OverlayTask:
    """Needs the overlay, for two seconds."""
    return OverlayTask({"type": "show"}, seconds=2)


def refuse(item: QueueItem) -> None:
    raise Failed("the lamp is broken")


def crash(item: QueueItem) -> None:
    raise ZeroDivisionError("oops")


def state(item: QueueItem) -> str:
    item.refresh_from_db()
    return item.state


@pytest.fixture
def paid(viewer: Callable[..., Viewer]) -> Callable[[str], QueueItem]:
    """Enqueues an item of a kind, for which Bob paid 25 of his 100 points."""

    def buy(kind: str) -> QueueItem:
        bob = viewer("Bob", points=100)
        payment = points.spend(bob, 25, source="redeem", reference="r:1")
        return items.enqueue(
            Effect(kind, {}, "a thing"), viewer=bob, purchase=Purchase.objects.create(viewer=bob, payment=payment)
        )

    return buy


def bobs_points() -> int:
    return Points.objects.get(viewer__key="bob").balance


def test_an_item_is_performed_and_done(kind: AddKind, woken: list[str]) -> None:
    item = items.enqueue(Effect(kind("ok", do_nothing)))
    assert woken == ["test"]
    worker.drain("test")
    assert state(item) == State.DONE
    assert item.finished_at is not None


def test_a_lane_is_drained_in_order_of_arrival(kind: AddKind) -> None:
    order: list[int] = []
    name = kind("note", lambda item: order.append(item.pk))
    rows = [items.enqueue(Effect(name)) for _ in range(5)]
    worker.drain("test")
    assert order == [item.pk for item in rows]


def test_a_failure_gives_the_points_back_once_says_so_and_the_lane_goes_on(
    kind: AddKind, paid: Callable[[str], QueueItem], said: list[str]
) -> None:
    item = paid(kind("refuse", refuse))
    after = items.enqueue(Effect(kind("ok", do_nothing)))
    worker.drain("test")
    assert (state(item), item.error) == (State.FAILED, "the lamp is broken")
    assert bobs_points() == 100
    assert Transaction.objects.filter(kind=TransactionKind.REFUND).count() == 1
    assert said == ["@Bob sorry, that did not happen: the lamp is broken. Your 25 points are back."]
    assert state(after) == State.DONE
    assert not items.end(item, State.FAILED, "again")
    assert bobs_points() == 100


def test_a_surprise_is_stored_with_its_traceback_and_refunded(kind: AddKind, paid: Callable[[str], QueueItem]) -> None:
    item = paid(kind("crash", crash))
    worker.drain("test")
    assert state(item) == State.FAILED
    assert "in crash" in item.error and "ZeroDivisionError: oops" in item.error
    assert bobs_points() == 100


@pytest.mark.parametrize("broken", ["points.refund", "chat.say", "purchase_undone"])
def test_an_exception_while_an_item_ends_neither_blocks_the_lane_nor_stops_the_rest_of_the_refund(
    kind: AddKind, paid: Callable[[str], QueueItem], monkeypatch: pytest.MonkeyPatch, said: list[str], broken: str
) -> None:
    def crash_again(*args: object, **options: object) -> None:
        raise ZeroDivisionError("planted")

    item = paid(kind("refuse", refuse))
    after = items.enqueue(Effect(kind("ok", do_nothing)))
    with monkeypatch.context() as patch:
        if broken == "purchase_undone":
            patch.setattr(refunds.purchase_undone, "_listeners", [crash_again])
        else:
            patch.setattr(f"effects.queue.refunds.{broken}", crash_again)
        worker.drain("test")
    assert (state(item), state(after)) == (State.FAILED, State.DONE)
    if broken == "points.refund":
        purchase = Purchase.objects.get()
        assert bobs_points() == 75 and purchase.refunded_at is None
        assert "could not be given back" in item.error
    else:
        assert bobs_points() == 100
    if broken == "purchase_undone":
        assert said == ["@Bob sorry, that did not happen: the lamp is broken. Your 25 points are back."]


def test_a_step_that_can_not_follow_does_not_block_the_lane(kind: AddKind, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash_again(*args: object, **options: object) -> None:
        raise ZeroDivisionError("planted")

    name = kind("ok", do_nothing)
    first = items.enqueue(Effect(name), sequel=[{"kind": name}])
    second = items.enqueue(Effect(name))
    monkeypatch.setattr(items, "hand_on", crash_again)
    worker.drain("test")
    assert (state(first), state(second)) == (State.DONE, State.DONE)


def test_a_kind_that_is_gone_fails_the_item_and_names_the_known_ones(
    kind: AddKind, paid: Callable[[str], QueueItem]
) -> None:
    item = paid(kind("ok", do_nothing))
    QueueItem.objects.update(kind="fireworks")
    worker.drain("test")
    assert state(item) == State.FAILED
    assert "“fireworks”" in item.error and "speak" in item.error
    assert bobs_points() == 100


def test_an_item_with_the_overlay_holds_its_lane_until_it_is_finished(
    kind: AddKind, frames: list[dict[str, Any]], woken: list[str]
) -> None:
    name = kind("show", show)
    first, second = items.enqueue(Effect(name)), items.enqueue(Effect(name))
    worker.drain("test")
    worker.drain("test")
    assert (state(first), state(second)) == (State.RUNNING, State.PENDING)
    assert frames == [{"type": "play", "show": "show", "lane": "test", "attempt": 1, "item": first.pk}]
    woken.clear()
    playback.started(first.pk, 1)
    assert playback.finished(first.pk, 1)
    assert woken == ["test"]
    assert not playback.finished(first.pk, 1)
    worker.drain("test")
    assert (state(first), state(second)) == (State.DONE, State.RUNNING)


def test_the_database_allows_one_running_item_in_a_lane(kind: AddKind) -> None:
    name = kind("ok", do_nothing)
    items.enqueue(Effect(name)), items.enqueue(Effect(name))
    with pytest.raises(IntegrityError), transaction.atomic():
        QueueItem.objects.update(state=State.RUNNING)


def test_of_eight_workers_one_claims(kind: AddKind) -> None:
    name = kind("ok", do_nothing)
    for _ in range(3):
        items.enqueue(Effect(name))
    claimed = [item for item in at_once(8, lambda n: worker.claim("test")) if item is not None]
    assert [item.pk for item in claimed if isinstance(item, QueueItem)] == [QueueItem.objects.order_by("id")[0].pk]


def test_of_eight_reports_of_the_end_one_counts(kind: AddKind, frames: list[dict[str, Any]]) -> None:
    item = items.enqueue(Effect(kind("show", show)))
    worker.drain("test")
    assert sorted(at_once(8, lambda n: playback.finished(item.pk, 1))) == [False] * 7 + [True]  # type: ignore[type-var]


def test_a_failure_and_an_end_at_once_make_one_of_them(
    kind: AddKind, paid: Callable[[str], QueueItem], frames: list[dict[str, Any]]
) -> None:
    item = paid(kind("show", show))
    worker.drain("test")
    item.refresh_from_db()
    results = at_once(8, lambda n: playback.finished(item.pk, 1) if n % 2 else items.end(item, State.FAILED, "x"))
    assert sorted(results) == [False] * 7 + [True]  # type: ignore[type-var]
    assert bobs_points() == (75 if state(item) == State.DONE else 100)


def later(seconds: float) -> Any:
    return timezone.now() + timedelta(seconds=seconds)


def test_an_item_no_overlay_begins_is_refunded_and_the_lane_goes_on(
    kind: AddKind, paid: Callable[[str], QueueItem], frames: list[dict[str, Any]], woken: list[str]
) -> None:
    item = paid(kind("show", show))
    worker.drain("test")
    rescue.rescue(now=later(5))
    assert state(item) == State.RUNNING
    woken.clear()
    rescue.rescue(now=later(7))
    assert state(item) == State.FAILED
    assert "no overlay began" in item.error
    assert bobs_points() == 100
    assert woken == ["test"]
    assert frames[-1] == {"type": "stop", "item": item.pk}


def test_an_item_that_began_has_its_length_and_some_slack(
    kind: AddKind, paid: Callable[[str], QueueItem], frames: list[dict[str, Any]]
) -> None:
    item = paid(kind("show", show))
    worker.drain("test")
    playback.started(item.pk, 1)
    rescue.rescue(now=later(7.5))
    assert state(item) == State.RUNNING
    # Five seconds later the page says so again, which gains it nothing.
    QueueItem.objects.filter(pk=item.pk).update(playing_at=later(-5), lease_until=later(3))
    playback.started(item.pk, 1)
    rescue.rescue(now=later(3.5))
    assert state(item) == State.FAILED
    assert "did not finish" in item.error


def test_what_an_overlay_played_for_its_time_is_not_refunded(
    kind: AddKind, paid: Callable[[str], QueueItem], frames: list[dict[str, Any]], stage: None
) -> None:
    item = paid(kind("show", show))
    worker.drain("test")
    playback.started(item.pk, 1)
    rescue.rescue(now=later(8.5))
    assert state(item) == State.DONE and "lasted longer than it may" in item.error
    assert bobs_points() == 75 and frames[-1] == {"type": "stop", "item": item.pk}


def test_what_an_overlay_began_to_play_before_it_closed_is_refunded(
    kind: AddKind, paid: Callable[[str], QueueItem], frames: list[dict[str, Any]], stage: None
) -> None:
    item = paid(kind("show", show))
    worker.drain("test")
    playback.started(item.pk, 1)
    OverlayPage.objects.all().delete()
    pages.opened("another page", Overlay.objects.get())  # it came back, and has shown nothing
    rescue.rescue(now=later(8.5))
    assert state(item) == State.FAILED and bobs_points() == 100


def test_an_item_whose_worker_died_is_done_again_if_that_is_safe(kind: AddKind) -> None:
    item = items.enqueue(Effect(kind("ok", do_nothing)))
    assert worker.claim("test") is not None
    rescue.rescue(now=later(11))
    assert state(item) == State.RUNNING
    rescue.rescue(now=later(13))
    assert state(item) == State.PENDING
    worker.drain("test")
    assert (state(item), item.attempts) == (State.DONE, 2)


def test_an_item_that_kills_every_worker_is_given_up(kind: AddKind, paid: Callable[[str], QueueItem]) -> None:
    item = paid(kind("ok", do_nothing))
    for _ in range(3):
        assert worker.claim("test") is not None
        rescue.rescue(now=later(13))
    assert state(item) == State.FAILED
    assert bobs_points() == 100


def test_an_item_not_safe_to_repeat_is_refunded_when_its_worker_died(
    kind: AddKind, paid: Callable[[str], QueueItem]
) -> None:
    item = paid(kind("once", do_nothing, repeatable=False))
    assert worker.claim("test") is not None
    rescue.rescue(now=later(13))
    assert state(item) == State.FAILED
    assert bobs_points() == 100


def test_a_vanished_kind_does_not_stop_the_rescue(kind: AddKind, paid: Callable[[str], QueueItem]) -> None:
    item = paid(kind("ok", do_nothing))
    other = QueueItem.objects.create(kind="ok", lane="another")
    assert worker.claim("test") is not None and worker.claim("another") is not None
    QueueItem.objects.filter(pk=item.pk).update(kind="fireworks")
    rescue.rescue(now=later(13))
    assert (state(item), state(other)) == (State.FAILED, State.PENDING)
    assert bobs_points() == 100


def test_after_a_kill_what_ran_is_repeated_at_once_or_refunded(
    kind: AddKind, paid: Callable[[str], QueueItem], frames: list[dict[str, Any]]
) -> None:
    once = paid(kind("once", show, repeatable=False))
    worker.drain("test")
    rescue.recover()
    assert state(once) == State.FAILED
    assert bobs_points() == 100
    again = items.enqueue(Effect(kind("show", show)))
    worker.drain("test")
    rescue.recover()
    assert state(again) == State.PENDING


def test_a_broken_page_counts_only_while_no_page_began(
    kind: AddKind, paid: Callable[[str], QueueItem], frames: list[dict[str, Any]]
) -> None:
    item = paid(kind("show", show))
    assert not playback.failed(item.pk, 0, "not told yet")
    worker.drain("test")
    assert not playback.failed(item.pk, 0, "a report of another attempt")
    playback.started(item.pk, 1)
    assert not playback.failed(item.pk, 1, "but another page plays it")
    assert state(item) == State.RUNNING
    assert playback.finished(item.pk, 1)
    assert frames[-1] == {"type": "done", "item": item.pk}
    assert bobs_points() == 75


def test_late_reports_of_an_earlier_attempt_change_nothing(kind: AddKind, frames: list[dict[str, Any]]) -> None:
    item = items.enqueue(Effect(kind("show", show)))
    worker.drain("test")
    rescue.put_back_running()
    worker.drain("test")
    playback.started(item.pk, 1)
    assert not playback.finished(item.pk, 1)
    assert not playback.failed(item.pk, 1, "late")
    assert state(item) == State.RUNNING and item.playing_at is None
    assert playback.finished(item.pk, 2)


def test_a_rescue_that_comes_too_late_harms_nothing(
    kind: AddKind, paid: Callable[[str], QueueItem], frames: list[dict[str, Any]]
) -> None:
    """Between its look and its deed an overlay began: what it saw is not so any more."""
    item = paid(kind("show", show))
    worker.drain("test")
    seen = QueueItem.objects.get(pk=item.pk)
    playback.started(item.pk, 1)
    assert not items.end(seen, State.FAILED, "No overlay began", same_lease=True)
    assert not rescue.put_back(seen)
    assert state(item) == State.RUNNING
    assert bobs_points() == 75


def test_a_worker_that_renewed_its_lease_fails_its_item_all_the_same(
    kind: AddKind, paid: Callable[[str], QueueItem]
) -> None:
    def slowly(item: QueueItem) -> None:
        QueueItem.objects.filter(pk=item.pk).update(lease_until=later(99))
        raise Failed("the lamp is broken")

    item = paid(kind("slow", slowly))
    worker.drain("test")
    assert state(item) == State.FAILED and bobs_points() == 100


@pytest.mark.journey
def test_the_lease_of_a_living_worker_is_renewed_until_its_deadline(
    kind: AddKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEW_EVERY", 0.05)
    item = items.enqueue(Effect(kind("ok", do_nothing)))
    claimed = worker.claim("test")
    assert claimed is not None
    other = QueueItem.objects.create(kind=item.kind, lane="other", state=State.RUNNING, attempts=1, started_at=later(0))
    QueueItem.objects.update(lease_until=later(-60))

    def is_renewed(pk: int) -> bool:
        lease_until = QueueItem.objects.get(pk=pk).lease_until
        return lease_until is not None and lease_until > later(0)

    # The thread renews both in one round: when the one in time has its lease, the other's turn has passed.
    with lease.hold(claimed, seconds=0.0), lease.hold(other, seconds=60.0):
        wait_until(partial(is_renewed, other.pk), "the lease of the one in time is renewed", within=10)
        assert not is_renewed(item.pk)
    QueueItem.objects.update(lease_until=later(-60))
    with lease.hold(claimed, seconds=60.0):
        wait_until(partial(is_renewed, item.pk), "its lease is renewed", within=10)


def test_leases_are_renewed_again_after_their_thread_failed(kind: AddKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEW_EVERY", 0.05)
    monkeypatch.setattr(threads, "RESTART_AFTER", 0.05)
    failures: list[int] = []

    def fail() -> None:
        failures.append(1)
        raise RuntimeError("a bug in a round")

    item = items.enqueue(Effect(kind("ok", do_nothing)))
    claimed = worker.claim("test")
    assert claimed is not None
    with lease.hold(claimed, seconds=60.0):
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(connections, "close_all", fail)
            wait_until(lambda: failures, "a round fails", within=10)
        QueueItem.objects.update(lease_until=later(-60))
        wait_until(lambda: QueueItem.objects.filter(pk=item.pk, lease_until__gt=later(0)), "a renewal", within=10)


def test_a_worker_that_hangs_beyond_its_deadline_fails_and_is_not_repeated(
    kind: AddKind, paid: Callable[[str], QueueItem]
) -> None:
    item = paid(kind("ok", do_nothing))
    assert worker.claim("test") is not None
    rescue.rescue(now=later(31))
    assert (state(item), item.error) == (State.FAILED, "it took too long") and bobs_points() == 100


def test_a_lost_wake_up_is_made_good_by_the_rescue(kind: AddKind, woken: list[str]) -> None:
    items.enqueue(Effect(kind("ok", do_nothing)))
    woken.clear()
    rescue.rescue()
    assert woken == ["test"]


def test_what_runs_when_the_bot_ends_goes_back_and_is_told_anew(kind: AddKind, frames: list[dict[str, Any]]) -> None:
    item = items.enqueue(Effect(kind("show", show)))
    worker.drain("test")
    assert worker.is_running()
    assert rescue.put_back_running() == 1
    assert state(item) == State.PENDING
    worker.drain("test")
    assert [frame["attempt"] for frame in frames if frame.get("show") == "show"] == [1, 2]


def test_a_stopped_process_begins_nothing(kind: AddKind) -> None:
    item = items.enqueue(Effect(kind("ok", do_nothing)))
    worker.drain("test", stopped=lambda: True)
    assert state(item) == State.PENDING


def test_a_late_overlay_is_told_what_is_playing(kind: AddKind, frames: list[dict[str, Any]]) -> None:
    item = items.enqueue(Effect(kind("show", show)))
    assert playback.playing() == []
    worker.drain("test")
    assert playback.playing() == [(item.pk, {"type": "show", "lane": "test", "attempt": 1})]


def test_the_broker_being_away_loses_nothing(
    kind: AddKind, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from celery import current_app
    from kombu.exceptions import OperationalError

    def away(*args: object, **options: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.undo()  # the real wake
    monkeypatch.setattr(current_app, "send_task", away)
    item = items.enqueue(Effect(kind("ok", do_nothing)))
    assert state(item) == State.PENDING
    assert "the broker is away" in caplog.text
