"""The API of the queue, its lanes, the wheel's odds, and sounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from economy.ledger import points
from economy.models import Points, Viewer
from effects.models import Lane, Prize, Purchase, QueueItem, Sound
from effects.queue import control, items, worker
from effects.registry import Card, Effect, FunctionKind, Group, OverlayTask, Payload, kinds
from effects.registry.values import speak
from pixelbot_site.kit.api import Scope

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("said", "silent")]

Call = Callable[..., Any]


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No overlay is connected, and no worker is woken: the test is the worker."""
    monkeypatch.setattr("effects.overlays.messages.group_send", lambda group, message: None)
    monkeypatch.setattr("effects.queue.wakeups.send_drain", lambda lane: None)


@pytest.fixture
def show() -> Any:
    """A kind of effect that an overlay shows, in the lane `tts`."""

    class Nothing(Payload):
        pass

    def perform(item: QueueItem, payload: Nothing) -> OverlayTask:
        return OverlayTask({"type": "show"}, seconds=2)

    card = Card(Group.SCREEN, "Show", "Shows something.")
    kinds.add("show", FunctionKind("show", perform, lane="tts", repeatable=True, payload=Nothing, card=card), "a test")
    yield Effect("show", {}, "a thing")
    del kinds._things["show"]


@pytest.fixture
def buy(viewer: Callable[..., Viewer], show: Effect) -> Callable[..., QueueItem]:
    """Puts what Bob, who had 100 points, bought for 10 into the lane `tts`."""
    bob = viewer("Bob", points=100)

    def put(**more: Any) -> QueueItem:
        payment = points.spend(bob, 10, source="redeem", reference=f"r:{QueueItem.objects.count()}")
        purchase = Purchase.objects.create(viewer=bob, redeem="thing", payment=payment)
        return items.enqueue(show, viewer=bob, purchase=purchase, **more)

    return put


def balance() -> int:
    return Points.objects.get(viewer__key="bob").balance


class TestQueue:
    """Items."""

    def test_the_list_is_newest_first_and_can_be_narrowed_to_a_state(self, call: Call, buy: Any) -> None:
        first, second, third = buy(), buy(waits=True), buy()
        control.cancel(first, by="ann")
        assert [row["id"] for row in call("get", "/queue").json()["results"]] == [third.pk, second.pk, first.pk]
        for state, item in (("cancelled", first), ("waiting", second), ("pending", third)):
            (row,) = call("get", f"/queue?state={state}").json()["results"]
            assert row["id"] == item.pk
        assert call("get", "/queue?state=asleep").status_code == 422

    def test_an_item_says_who_did_what_and_why_it_did_not_happen(self, call: Call, buy: Any) -> None:
        item = buy(waits=True)
        control.approve(item, by="ann")
        QueueItem.objects.update(state="failed", error="Traceback\n  line\nValueError: <b>no</b>\n")
        (row,) = call("get", "/queue").json()["results"]
        assert [(deed["by"], deed["what"]) for deed in row["deeds"]] == [("ann", "it was approved")]
        assert (row["error"], row["redeem"], row["title"]) == ("ValueError: <b>no</b>", "thing", "a thing")

    def test_the_number_of_queries_does_not_grow_with_the_list(
        self, call: Call, buy: Any, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(10):
            control.put_first(buy(), by="ann")
        with django_assert_max_num_queries(12):
            assert len(call("get", "/queue").json()["results"]) == 10

    @pytest.mark.parametrize("verb", ["approve", "reject", "cancel", "first"])
    def test_what_has_ended_is_not_changed(self, call: Call, buy: Any, verb: str) -> None:
        item = buy()
        control.cancel(item, by="ann")
        answer = call("post", f"/queue/{item.pk}/{verb}")
        assert (answer.status_code, answer.json()["detail"]) == (409, "This item is cancelled.")
        assert balance() == 100 and item.deeds.count() == 1

    @pytest.mark.parametrize("verb", ["approve", "reject", "cancel", "first", "retry"])
    def test_an_item_that_does_not_exist_is_not_found(self, call: Call, verb: str) -> None:
        assert call("post", f"/queue/4711/{verb}").status_code == 404

    def test_rejecting_gives_the_points_back_and_notes_the_token(self, call: Call, buy: Any) -> None:
        item = buy(waits=True)
        row = call("post", f"/queue/{item.pk}/reject").json()
        assert (row["state"], row["error"], balance()) == ("cancelled", "it was not approved", 100)
        assert row["by"] == row["deeds"][0]["by"] == "token token 0"

    def test_what_runs_is_cancelled_as_skipped(self, call: Call, buy: Any) -> None:
        item = buy()
        worker.drain("tts")
        assert call("post", f"/queue/{item.pk}/cancel").json()["state"] == "skipped"
        assert balance() == 100

    def test_the_first_of_two_put_first_comes_second(self, call: Call, buy: Any) -> None:
        buy()
        second, third = buy(), buy()
        for item in (second, third):
            call("post", f"/queue/{item.pk}/first")
        assert worker.claim("tts") == third

    def test_doing_again_is_free_and_keeps_the_first_as_history(self, call: Call, buy: Any) -> None:
        item = buy()
        control.cancel(item, by="ann")
        row = call("post", f"/queue/{item.pk}/retry").json()
        assert (row["state"], row["redeem"], row["title"]) == ("pending", "", "a thing")
        assert balance() == 100
        assert QueueItem.objects.get(pk=item.pk).state == "cancelled"


class TestLanes:
    """Lanes."""

    def row(self, call: Call, lane: str = "tts") -> dict[str, Any]:
        (row,) = [row for row in call("get", "/lanes").json() if row["name"] == lane]
        return dict(row)

    def test_a_lane_tells_what_waits_and_what_runs(self, call: Call, buy: Any) -> None:
        running = buy()
        worker.drain("tts")
        buy(), buy(waits=True)
        assert self.row(call) == {
            "name": "tts", "paused": False, "paused_by": "", "waiting": 2, "running_id": running.pk,
        }  # fmt: skip

    def test_a_paused_lane_keeps_its_items_until_it_is_resumed(self, call: Call, buy: Any) -> None:
        item = buy()
        call("post", "/lanes/tts/pause")
        worker.drain("tts")
        assert (self.row(call)["paused_by"], self.row(call)["waiting"]) == ("token token 0", 1)
        call("post", "/lanes/tts/resume")
        worker.drain("tts")
        assert self.row(call)["running_id"] == item.pk

    @pytest.mark.parametrize(("refund", "points_left"), [("true", 100), ("false", 90)])
    def test_skipping_gives_the_points_back_unless_that_is_not_wanted(
        self, call: Call, buy: Any, refund: str, points_left: int
    ) -> None:
        item = buy()
        worker.drain("tts")
        assert call("post", f"/lanes/tts/skip?refund={refund}").json()["running_id"] is None
        item.refresh_from_db()
        assert (item.state, balance()) == ("skipped", points_left)

    def test_skipping_an_idle_lane_changes_nothing(self, call: Call, buy: Any) -> None:
        item = buy()
        assert call("post", "/lanes/tts/skip").json()["waiting"] == 1
        item.refresh_from_db()
        assert item.state == "pending"

    def test_clearing_a_lane_leaves_the_others(self, call: Call, buy: Any, show: Effect) -> None:
        buy(), buy()
        other = items.enqueue(Effect("play_sound", {"sound": "ding"}))
        assert call("post", "/lanes/tts/clear").json() == {"ok": True, "items": 2}
        other.refresh_from_db()
        assert (other.state, balance()) == ("pending", 100)

    @pytest.mark.parametrize("verb", ["pause", "resume", "skip", "clear"])
    @pytest.mark.parametrize(("lane", "status"), [("nosuch", 404), ("TTS", 422), ("x" * 41, 422)])
    def test_a_lane_that_does_not_exist_is_not_found(self, call: Call, verb: str, lane: str, status: int) -> None:
        assert call("post", f"/lanes/{lane}/{verb}").status_code == status
        assert not Lane.objects.exists()

    def test_panic_and_calm_are_counted(self, call: Call, buy: Any) -> None:
        buy(), buy(waits=True)
        call("post", "/lanes/wheel/pause")
        assert call("post", "/queue/panic").json() == {"ok": True, "items": 2}
        assert self.row(call)["paused_by"] == "panic by token token 0"
        assert call("post", "/queue/calm").json()["items"] == 4
        assert self.row(call)["paused"] is False and self.row(call, "wheel")["paused"] is True


@pytest.mark.parametrize(
    "path",
    ["/queue/panic", "/queue/calm", "/lanes/tts/pause", "/lanes/tts/resume", "/lanes/tts/skip", "/lanes/tts/clear"],
)
def test_a_token_that_may_only_read_steers_nothing(call: Call, token: Callable[..., str], path: str) -> None:
    item = items.enqueue(speak("hello"))
    assert call("post", path, bearer=token(Scope.READ)).status_code == 403
    assert call("post", f"/queue/{item.pk}/cancel", bearer=token(Scope.READ)).status_code == 403
    item.refresh_from_db()
    assert item.state == "pending" and not Lane.objects.exists()


def test_the_odds_are_those_of_what_can_be_won_now(call: Call) -> None:
    assert call("get", "/wheel/odds").json() == []
    Prize.objects.create(name="Hat", weight=1)
    Prize.objects.create(name="Scarf", weight=3)
    Prize.objects.create(name="Gone", weight=9, stock=0)
    Prize.objects.create(name="Off", weight=9, enabled=False)
    assert call("get", "/wheel/odds").json() == [{"name": "Scarf", "chance": 0.75}, {"name": "Hat", "chance": 0.25}]


def test_sounds_are_listed_those_that_viewers_cannot_play_too(call: Call) -> None:
    for name, cost, enabled in (("boing", None, True), ("airhorn", 50, False)):
        Sound.objects.create(name=name, file=f"sounds/{name}.wav", cost=cost, enabled=enabled, seconds=1.5)
    rows = call("get", "/sounds").json()
    assert [(row["name"], row["cost"], row["enabled"]) for row in rows] == [
        ("airhorn", 50, False),
        ("boing", None, True),
    ]
    assert "sounds/" not in str(rows)  # where a file lies is nobody's business
