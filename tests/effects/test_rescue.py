"""The queue in trouble: broken items, lost leases, changed clocks, and a broker that is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from economy.ledger import points
from economy.models import STAFF_MAX, Points, Viewer
from effects import tasks
from effects.models import Purchase, QueueItem, Revert, State
from effects.queue import control, items, lanes, lease, playback, refunds, wakeups, worker
from effects.queue.upkeep import rescue
from effects.registry import Effect, OverlayTask, Payload, kinds
from effects.settings_table import QueueSettings
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.settings_table import declared
from tests.processes import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken")]

AddKind = Callable[..., str]
Buy = Callable[..., QueueItem]


def do_nothing(item: QueueItem) -> None:
    """Performs at once."""


def show(item: QueueItem) -> OverlayTask:
    return OverlayTask({"type": "show"}, seconds=2)


def state(item: QueueItem) -> str:
    item.refresh_from_db()
    return item.state


def is_leased(item: QueueItem) -> bool:
    """Return whether the row's lease lasts beyond now."""
    return QueueItem.objects.filter(pk=item.pk, lease_until__gt=timezone.now()).exists()


def after(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


@pytest.fixture
def bob(viewer: Callable[..., Viewer]) -> Viewer:
    return viewer("Bob", points=1000)


@pytest.fixture
def buy(bob: Viewer) -> Buy:
    """Enqueues an item of a kind for which Bob paid 25 points."""
    count = iter(range(1000))

    def buy_one(kind: str, **more: Any) -> QueueItem:
        payment = points.spend(bob, 25, source="redeem", reference=f"r:{next(count)}")
        purchase = Purchase.objects.create(viewer=bob, redeem="thing", payment=payment)
        return items.enqueue(Effect(kind, {}, "a thing"), viewer=bob, purchase=purchase, **more)

    return buy_one


def balance() -> int:
    return Points.objects.get(viewer__key="bob").balance


class TestRescue:
    def test_a_broken_item_does_not_stop_the_rescue_of_the_others(
        self, kind: AddKind, buy: Buy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        name = kind("once", do_nothing, repeatable=False)
        broken, sound = buy(name), buy(name, priority=-1)
        QueueItem.objects.update(expires_at=after(-1))
        end = items.end

        def end_unless_broken(item: QueueItem, *args: Any, **more: Any) -> bool:
            if item.pk == broken.pk:
                raise ZeroDivisionError("a broken row")
            return end(item, *args, **more)

        monkeypatch.setattr(refunds, "give_back_many", lambda *args, **more: 1 / 0)
        monkeypatch.setattr(items, "end", end_unless_broken)
        rescue.rescue()
        assert (state(broken), state(sound)) == (State.PENDING, State.EXPIRED)
        assert "could not end" in caplog.text and "a broken row" in caplog.text

    def test_every_lane_with_items_is_woken_even_after_a_broken_item(
        self, kind: AddKind, woken: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        late = items.enqueue(Effect(kind("late", do_nothing)))
        QueueItem.objects.filter(pk=late.pk).update(expires_at=after(-1))
        items.enqueue(Effect(kind("other", do_nothing, lane="wheel")))
        woken.clear()
        monkeypatch.setattr(refunds, "give_back_many", lambda *args, **more: 1 / 0)
        monkeypatch.setattr(items, "end", lambda *args, **more: 1 / 0)
        rescue.rescue()
        assert sorted(woken) == ["test", "wheel"]

    def test_a_lane_with_an_item_that_runs_is_left_alone(self, kind: AddKind, woken: list[str]) -> None:
        name = kind("ok", do_nothing)
        for _ in range(2):
            items.enqueue(Effect(name))
        assert worker.claim("test") is not None
        woken.clear()
        rescue.rescue()
        assert woken == []

    def test_a_lane_where_everything_waits_for_approval_is_left_asleep(self, kind: AddKind, woken: list[str]) -> None:
        items.enqueue(Effect(kind("ok", do_nothing)), waits=True)
        rescue.rescue()
        assert woken == []

    def test_an_item_that_plays_within_its_time_is_left_alone_when_the_clock_is_put_back(
        self, kind: AddKind, buy: Buy, frames: list[Any]
    ) -> None:
        item = buy(kind("show", show))
        worker.drain("test")
        playback.started(item.pk, 1)
        rescue.rescue(now=after(-3600))  # an hour: the lease still ends within what a lease can be
        assert state(item) == State.RUNNING
        rescue.rescue(now=after(-3 * 3600))
        assert state(item) == State.FAILED and balance() == 1000

    def test_the_longest_effect_that_may_be_configured_fits_into_a_lease(self) -> None:
        longest = timedelta(seconds=declared(QueueSettings)["QUEUE_ITEM_MAX_SECONDS"].maximum)
        assert longest + playback.SLACK < rescue.MAX_LEASE

    def test_an_overlay_that_shows_nothing_is_explained_to_streamer_and_viewer_alike_but_not_in_the_same_words(
        self, kind: AddKind, buy: Buy, frames: list[Any], said: list[str]
    ) -> None:
        item = buy(kind("show", show))
        worker.drain("test")
        rescue.rescue(now=after(7))
        assert (state(item), item.error) == (
            State.FAILED,
            "no overlay began to play it: is the Browser Source in OBS open?",
        )
        assert said == [
            "@Bob sorry, that did not happen: nothing is there to show it at the moment. Your 25 points are back."
        ]

    def test_a_stopped_bot_repeats_an_item_however_often_it_was_stopped(
        self, kind: AddKind, buy: Buy, frames: list[Any]
    ) -> None:
        item = buy(kind("show", show))
        for _ in range(rescue.MAX_ATTEMPTS + 1):
            worker.drain("test")
            assert rescue.put_back_running() == 1
        assert (state(item), item.attempts) == (State.PENDING, rescue.MAX_ATTEMPTS + 1)
        assert balance() == 975

    def test_an_item_put_back_is_told_to_nobody_until_it_runs_again(
        self, kind: AddKind, buy: Buy, frames: list[Any]
    ) -> None:
        item = buy(kind("show", show))
        worker.drain("test")
        playback.started(item.pk, 1)
        rescue.put_back_running()
        item.refresh_from_db()
        assert (item.started_at, item.lease_until, item.told_at, item.playing_at) == (None, None, None, None)
        assert playback.playing() == []


class TestExpiry:
    def test_an_approved_item_has_its_whole_time_again(
        self, kind: AddKind, buy: Buy, frames: list[Any], settings: Any
    ) -> None:
        item = buy(kind("show", show), waits=True)
        QueueItem.objects.update(expires_at=after(1))
        assert control.approve(item, by="fox")
        rescue.rescue(now=after(QueueSettings.current().queue_item_ttl - 5))
        assert state(item) == State.PENDING

    def test_an_approved_item_that_then_waits_too_long_expires_with_its_points_back(
        self, kind: AddKind, buy: Buy, said: list[str]
    ) -> None:
        item = buy(kind("ok", do_nothing), waits=True)
        control.approve(item, by="fox")
        rescue.rescue(now=after(QueueSettings.current().queue_item_ttl + 5))
        assert state(item) == State.EXPIRED and balance() == 1000
        assert said == ["@Bob sorry, that did not happen: it waited too long. Your 25 points are back."]

    def test_an_item_that_runs_never_expires(self, kind: AddKind, buy: Buy, frames: list[Any]) -> None:
        item = buy(kind("show", show))
        worker.drain("test")
        playback.started(item.pk, 1)
        QueueItem.objects.update(expires_at=after(-60))
        rescue.rescue()
        assert state(item) == State.RUNNING

    def test_a_worker_passes_over_every_expired_item_at_once(self, kind: AddKind, buy: Buy) -> None:
        name = kind("ok", do_nothing)
        stale = [buy(name) for _ in range(3)]
        QueueItem.objects.update(expires_at=after(-1))
        fresh = buy(name)
        assert worker.claim("test") == fresh
        assert [state(item) for item in stale] == [State.EXPIRED] * 3
        assert balance() == 975


class TestErrors:
    def test_a_viewer_reads_nothing_of_an_exception(self, kind: AddKind, buy: Buy, said: list[str]) -> None:
        def crash(item: QueueItem) -> None:
            raise OSError("/home/fox/secret.wav is gone")

        item = buy(kind("crash", crash))
        worker.drain("test")
        assert said == ["@Bob sorry, that did not happen: something broke. Your 25 points are back."]
        assert state(item) == State.FAILED and "/home/fox/secret.wav" in item.error
        assert item.reason == "OSError: /home/fox/secret.wav is gone"

    def test_a_viewer_reads_nothing_of_an_exception_at_the_end_of_an_item(
        self, kind: AddKind, buy: Buy, said: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def crash(item: QueueItem) -> None:
            raise OSError("/home/fox/secret.wav is gone")

        item = buy(kind("crash", do_nothing))
        monkeypatch.setattr(kinds.get("crash"), "settle", crash)
        worker.drain("test")
        assert said == ["@Bob sorry, that did not happen: something broke. Your 25 points are back."]
        assert state(item) == State.FAILED and balance() == 1000

    def test_a_viewer_reads_nothing_of_what_an_overlay_reports(
        self, kind: AddKind, buy: Buy, frames: list[Any], said: list[str]
    ) -> None:
        item = buy(kind("show", show))
        worker.drain("test")
        assert playback.failed(item.pk, 1, "http://localhost/overlay/secret/x.wav: 404")
        assert said == [
            "@Bob sorry, that did not happen: the overlay could not play it. Your 25 points are back.",
        ]
        assert state(item) == State.FAILED and "x.wav: 404" in item.error

    @pytest.mark.parametrize(
        ("reason", "sentence"),
        [
            ("the lamp is broken.", "the lamp is broken."),
            ("is the lamp on?", "is the lamp on?"),
            ("  the lamp is broken  ", "the lamp is broken."),
            ("x" * 500, "x" * 160 + "."),
        ],
    )
    def test_the_reason_ends_with_one_stop_and_is_cut_to_a_line(
        self, kind: AddKind, buy: Buy, said: list[str], reason: str, sentence: str
    ) -> None:
        def refuse(item: QueueItem) -> None:
            raise Failed(reason)

        buy(kind("refuse", refuse))
        worker.drain("test")
        assert said == [f"@Bob sorry, that did not happen: {sentence} Your 25 points are back."]

    def test_one_point_is_said_in_the_singular(self, kind: AddKind, bob: Viewer, said: list[str]) -> None:
        payment = points.spend(bob, 1, source="redeem", reference="r:1")
        purchase = Purchase.objects.create(viewer=bob, redeem="thing", payment=payment)
        item = items.enqueue(Effect(kind("ok", do_nothing)), viewer=bob, purchase=purchase)
        control.cancel(item, by="fox")
        assert said == ["@Bob sorry, that did not happen: it was cancelled. Your point is back."]

    def test_what_nobody_bought_and_nobody_was_promised_fails_in_silence(
        self, kind: AddKind, bob: Viewer, said: list[str]
    ) -> None:
        def refuse(item: QueueItem) -> None:
            raise Failed("no")

        items.enqueue(Effect(kind("refuse", refuse)), viewer=bob)
        worker.drain("test")
        assert said == []

    def test_an_instant_effect_that_fails_leaves_what_was_done_around_it(
        self, kind: AddKind, bob: Viewer, said: list[str]
    ) -> None:
        def give_then_crash(item: QueueItem) -> None:
            points.grant(bob, 500, source="test", reference="half")
            raise ZeroDivisionError("oops")

        name = kind("half", give_then_crash, lane="")
        with transaction.atomic():
            points.grant(bob, 7, source="test", reference="around")
            item = items.enqueue(Effect(name), viewer=bob)
        assert state(item) == State.FAILED
        assert balance() == 1007  # the caller's seven points, and nothing of the effect


class TestOverlays:
    def test_they_are_told_of_an_end_after_the_commit(self, kind: AddKind, buy: Buy, frames: list[Any]) -> None:
        item = buy(kind("show", show))
        worker.drain("test")
        frames.clear()
        item.refresh_from_db()
        with transaction.atomic():
            assert control.cancel(item, by="fox")
            assert frames == []
        assert frames == [{"type": "stop", "item": item.pk}]

    def test_they_are_not_told_of_an_end_that_was_rolled_back(self, kind: AddKind, buy: Buy, frames: list[Any]) -> None:
        item = buy(kind("show", show))
        worker.drain("test")
        frames.clear()
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            playback.finished(item.pk, 1)
            raise ZeroDivisionError
        assert frames == [] and state(item) == State.RUNNING

    def test_they_are_not_told_of_an_item_that_was_skipped_while_it_was_performed(
        self, kind: AddKind, buy: Buy, frames: list[Any]
    ) -> None:
        def show_too_late(item: QueueItem) -> OverlayTask:
            control.skip("test", by="fox")
            return show(item)

        item = buy(kind("late", show_too_late))
        worker.drain("test")
        assert state(item) == State.SKIPPED and balance() == 1000
        assert [frame["type"] for frame in frames] == ["stop"]

    def test_what_is_longer_than_allowed_is_cut_to_the_longest(
        self, kind: AddKind, frames: list[Any], settings: Any
    ) -> None:
        settings.QUEUE_ITEM_MAX_SECONDS = 30
        item = items.enqueue(Effect(kind("long", lambda item: OverlayTask({"type": "show"}, seconds=9999))))
        worker.drain("test")
        began = timezone.now()
        playback.started(item.pk, 1)
        item.refresh_from_db()
        assert item.overlay_seconds == 30
        assert item.lease_until is not None and item.lease_until - began < timedelta(seconds=30) + 2 * playback.SLACK

    @pytest.mark.parametrize("report", ["started", "finished", "failed"])
    def test_a_report_of_an_old_attempt_does_not_touch_the_new_one(
        self, kind: AddKind, buy: Buy, frames: list[Any], report: str
    ) -> None:
        item = buy(kind("show", show))
        worker.drain("test")
        rescue.put_back_running()
        worker.drain("test")
        reports: dict[str, Callable[[], object]] = {
            "started": lambda: playback.started(item.pk, 1),
            "finished": lambda: playback.finished(item.pk, 1),
            "failed": lambda: playback.failed(item.pk, 1, "the page was closed"),
        }
        reports[report]()
        assert (state(item), item.attempts, item.playing_at) == (State.RUNNING, 2, None)

    @pytest.mark.parametrize("step", [do_nothing, show])
    def test_a_worker_of_an_old_attempt_can_neither_show_nor_end_the_new_one(
        self, kind: AddKind, buy: Buy, frames: list[Any], step: Callable[[QueueItem], OverlayTask | None]
    ) -> None:
        item = buy(kind("slow", step))
        first = worker.claim("test")
        assert first is not None
        rescue.rescue(now=after(13))
        assert worker.claim("test") is not None
        items.perform(first)  # it was only slow, and comes back now
        assert (state(item), item.attempts, item.told_at, frames) == (State.RUNNING, 2, None, [])
        assert not items.end(first, State.FAILED, "too late")
        assert balance() == 975


class TestLease:
    def test_it_is_released_when_performing_raises(self, kind: AddKind) -> None:
        item = items.enqueue(Effect(kind("ok", do_nothing)))
        claimed = worker.claim("test")
        assert claimed is not None
        with pytest.raises(ZeroDivisionError), lease.hold(claimed, seconds=60):
            assert (item.pk, 1) in lease._held
            raise ZeroDivisionError
        assert lease._held == {}

    def test_it_is_not_renewed_any_more_once_the_block_has_ended(
        self, kind: AddKind, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lease, "RENEW_EVERY", 0.02)
        items.enqueue(Effect(kind("ok", do_nothing)))
        claimed, other = worker.claim("test"), items.enqueue(Effect(kind("other", do_nothing, lane="wheel")))
        busy = worker.claim("wheel")
        assert claimed is not None and busy == other
        with lease.hold(claimed, seconds=60):
            pass
        QueueItem.objects.update(lease_until=after(-60))
        with lease.hold(busy, seconds=60):
            wait_until(lambda: is_leased(busy), "the held one is renewed")
        assert not is_leased(claimed)

    def test_an_item_that_the_overlays_have_is_not_renewed_by_the_worker(
        self, kind: AddKind, frames: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lease, "RENEW_EVERY", 0.02)
        shown = items.enqueue(Effect(kind("show", show)))
        worker.drain("test")
        shown.refresh_from_db()
        items.enqueue(Effect(kind("other", do_nothing, lane="wheel")))
        busy = worker.claim("wheel")
        assert busy is not None
        QueueItem.objects.update(lease_until=after(-60))
        with lease.hold(shown, seconds=60), lease.hold(busy, seconds=60):
            wait_until(lambda: is_leased(busy), "the other is renewed")
        assert not is_leased(shown)

    def test_a_dead_thread_as_after_a_fork_is_replaced(self, kind: AddKind, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lease, "RENEW_EVERY", 0.02)
        dead = threading.Thread(target=do_nothing, args=(None,))
        dead.start()
        dead.join()
        monkeypatch.setattr(lease, "_thread", dead)
        items.enqueue(Effect(kind("ok", do_nothing)))
        claimed = worker.claim("test")
        assert claimed is not None
        QueueItem.objects.update(lease_until=after(-60))
        with lease.hold(claimed, seconds=60):
            wait_until(lambda: is_leased(claimed), "renewed")
        assert lease._thread is not dead


class TestPreparing:
    @pytest.fixture
    def slow(self, kind: AddKind, monkeypatch: pytest.MonkeyPatch) -> dict[int, Callable[[], object]]:
        """The kind `slow`, prepared with the caption "prepared"; what is stored here by item id happens meanwhile."""
        meanwhile: dict[int, Callable[[], object]] = {}

        def prepare(item: QueueItem, payload: Payload) -> dict[str, Any]:
            meanwhile.get(item.pk, lambda: None)()
            return {"caption": "prepared"}

        slow_kind = kinds.get(kind("slow", show))
        assert slow_kind is not None
        monkeypatch.setattr(slow_kind, "is_slow", True)
        monkeypatch.setattr(slow_kind, "prepare", prepare)
        return meanwhile

    def test_the_next_item_is_prepared_while_the_overlays_have_the_first(
        self, slow: dict[int, Callable[[], object]], frames: list[Any]
    ) -> None:
        items.enqueue(Effect("slow"))
        following = items.enqueue(Effect("slow"))
        worker.drain("test")
        assert state(following) == State.PENDING
        assert (following.is_prepared, following.caption) == (True, "prepared")

    @pytest.mark.parametrize("then", [State.RUNNING, State.PENDING])
    def test_preparing_does_not_overwrite_an_item_that_began_meanwhile_nor_one_that_was_put_back(
        self, slow: dict[int, Callable[[], object]], frames: list[Any], then: State
    ) -> None:
        first, following = items.enqueue(Effect("slow")), items.enqueue(Effect("slow"))
        worker.drain("test", stopped=lambda: QueueItem.objects.filter(pk=first.pk).exclude(state="pending").exists())
        QueueItem.objects.filter(pk=following.pk).update(is_prepared=False, caption="")

        def another_worker() -> None:
            playback.finished(first.pk, 1)
            claimed = worker.claim("test")
            assert claimed == following
            QueueItem.objects.filter(pk=following.pk).update(caption="its own")
            if then == State.PENDING:
                assert rescue.put_back(claimed)

        slow[following.pk] = another_worker
        worker.prepare_next("test")
        assert (state(following), following.caption, following.is_prepared) == (then, "its own", False)

    def test_nothing_is_prepared_in_a_paused_lane(
        self, slow: dict[int, Callable[[], object]], frames: list[Any]
    ) -> None:
        items.enqueue(Effect("slow"))
        following = items.enqueue(Effect("slow"))
        control.pause("test", by="fox")
        worker.prepare_next("test")
        following.refresh_from_db()
        assert not following.is_prepared


class TestPanic:
    def test_an_item_that_a_worker_took_between_reading_and_ending_is_stopped_too(
        self, kind: AddKind, buy: Buy, frames: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        item = buy(kind("show", show))
        end = items.end

        def claim_first(seen: QueueItem, *args: Any, **more: Any) -> bool:
            monkeypatch.setattr(items, "end", end)
            QueueItem.objects.filter(pk=item.pk).update(state=State.RUNNING, attempts=1)  # as a worker does
            return end(seen, *args, **more)

        monkeypatch.setattr(items, "end", claim_first)
        assert control.panic(by="fox") == 1
        assert state(item) == State.CANCELLED and balance() == 1000

    def test_what_obs_shows_for_a_while_is_due_at_once_and_a_worker_is_told(
        self, monkeypatch: pytest.MonkeyPatch, frames: list[Any]
    ) -> None:
        told: list[float] = []
        monkeypatch.setattr(wakeups, "revert_in", told.append)
        Revert.objects.create(key="scene", request="x", due_at=after(600), wanted_at=after(600))
        control.panic(by="fox")
        assert Revert.objects.get().due_at <= timezone.now() and told == [0]

    def test_the_overlays_are_silenced_after_the_commit(self, frames: list[Any]) -> None:
        with transaction.atomic():
            control.panic(by="fox")
            assert frames == []
        assert frames == [{"type": "silence"}]

    def test_an_item_that_waits_for_approval_is_given_back_too(
        self, kind: AddKind, buy: Buy, frames: list[Any]
    ) -> None:
        item = buy(kind("ok", do_nothing), waits=True)
        assert control.panic(by="fox") == 1
        assert state(item) == State.CANCELLED and balance() == 1000
        assert [(deed.by, deed.what) for deed in item.deeds.all()] == [("fox", "everything was stopped")]

    def test_a_name_as_long_as_names_get_can_panic(self, frames: list[Any]) -> None:
        control.panic(by="f" * STAFF_MAX)
        assert all(len(by) <= STAFF_MAX for by in lanes.paused().values())
        assert control.calm(by="fox") == ["effect", "notification", "reply", "tts", "wheel"]


class TestWakeups:
    @pytest.fixture
    def broker(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
        """The messages to workers, caught where they would leave for the broker."""
        sent: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        cache.clear()  # of lanes that other tests woke
        monkeypatch.undo()  # the real `send_drain`
        monkeypatch.setattr(
            current_app, "send_task", lambda name, args=(), **options: sent.append((name, args, options))
        )
        return sent

    def test_a_lane_is_woken_after_the_commit_and_not_after_a_rollback(self, kind: AddKind, broker: list[Any]) -> None:
        name = kind("ok", do_nothing)
        with transaction.atomic():
            items.enqueue(Effect(name))
            assert broker == []
        assert [(task, args) for task, args, _ in broker] == [("effects.drain", ("test",))]
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            items.enqueue(Effect(name))
            raise ZeroDivisionError
        assert len(broker) == 1

    def test_a_lane_is_woken_once_until_a_worker_begins(self, kind: AddKind, broker: list[Any]) -> None:
        name, other = kind("ok", do_nothing), kind("other", do_nothing, lane="wheel")
        for _ in range(3):
            items.enqueue(Effect(name))
        items.enqueue(Effect(other))
        rescue.rescue()
        assert [args for _, args, _ in broker] == [("test",), ("wheel",)]
        looked: list[QueueItem | None] = []

        def enqueue_one_more() -> bool:
            looked.append(items.enqueue(Effect(name)) if not looked else None)
            return len(looked) > 1

        worker.drain("test", stopped=enqueue_one_more)
        # What came once a worker had begun woke the lane again: it may have looked already.
        assert [args for _, args, _ in broker] == [("test",), ("wheel",), ("test",)]

    def test_a_lane_whose_wake_up_was_lost_is_woken_again(
        self, kind: AddKind, broker: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wakeups, "WOKEN_SECONDS", 0.05)
        items.enqueue(Effect(kind("ok", do_nothing)))
        assert len(broker) == 1
        time.sleep(0.06)
        rescue.rescue()
        assert len(broker) == 2

    def test_nobody_waits_for_a_broker_and_its_results_are_not_kept(self, broker: list[Any]) -> None:
        wakeups.send_drain("tts")
        wakeups.revert_in(5)
        assert [(task, args) for task, args, _ in broker] == [("effects.drain", ("tts",)), ("effects.revert", ())]
        assert all(options["retry"] is False and options["ignore_result"] for _, _, options in broker)
        assert broker[1][2]["countdown"] == 5

    def test_the_names_that_are_sent_are_tasks(self) -> None:
        assert {wakeups.DRAIN, wakeups.REVERT} <= {tasks.drain.name, tasks.revert.name}

    def test_with_the_broker_away_points_are_still_given_back(
        self, kind: AddKind, buy: Buy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def away(*args: object, **options: object) -> None:
            raise OperationalError("connection refused")

        cache.clear()
        monkeypatch.undo()
        monkeypatch.setattr(current_app, "send_task", away)
        item = buy(kind("ok", do_nothing))
        assert control.cancel(item, by="fox")
        assert balance() == 1000
        assert caplog.text.count("effects.drain") == 2  # what could not be sent does not count as sent
        wakeups.revert_in(1)
        assert "effects.revert() waits for the schedule" in caplog.text

    def test_the_rescue_undoes_in_obs_what_a_lost_message_should_have(
        self, monkeypatch: pytest.MonkeyPatch, frames: list[Any]
    ) -> None:
        class Line:
            def ask(self, request: str, data: Any = None) -> dict[str, Any]:
                asked.append(request)
                return {"currentSceneCollectionName": "Evening"}

        asked: list[str] = []
        monkeypatch.setattr("effects.obs.reverts.obs", Line)
        times = {"due_at": after(-1), "wanted_at": after(-1)}
        Revert.objects.create(key="mute:Mic", request="SetInputMute", collection="Evening", **times)
        tasks.rescue_items()
        assert asked[-1] == "SetInputMute" and not Revert.objects.exists()
