"""Staff steer the queue: every item that did not happen gives its points back once, and its viewer is told why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from economy.ledger import audit, points
from economy.models import Points, Transaction, TransactionKind, Viewer
from effects.models import ENDED, Lane, Purchase, QueueItem, State
from effects.queue import control, items, lanes, playback, worker
from effects.queue.upkeep import rescue
from effects.registry import Effect, OverlayTask
from pixelbot_site.kit.errors import Refused
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken")]

Buy = Callable[..., QueueItem]


@pytest.fixture
def shown(kind: Callable[..., str]) -> str:
    return kind("show", lambda item: OverlayTask({"type": "show"}, seconds=2))


@pytest.fixture
def buy(viewer: Callable[..., Viewer], shown: str) -> Buy:
    """Puts something into the lane `test` for which Bob, who had 1,000 points, paid 25."""
    bob = viewer("Bob", points=1000)
    count = iter(range(1000))

    def it(**more: Any) -> QueueItem:
        payment = points.spend(bob, 25, source="redeem", reference=f"r:{next(count)}")
        purchase = Purchase.objects.create(viewer=bob, redeem="thing", payment=payment)
        return items.enqueue(Effect(shown, {}, "a thing"), viewer=bob, purchase=purchase, **more)

    return it


def balance() -> int:
    return Points.objects.get(viewer__key="bob").balance


def states(*items: QueueItem) -> list[str]:
    for item in items:
        item.refresh_from_db()
    return [item.state for item in items]


def test_a_paused_lane_begins_nothing_and_goes_on_when_resumed(buy: Buy, frames: list[Any], woken: list[str]) -> None:
    assert control.pause("test", by="fox") and not control.pause("test", by="ann")
    item = buy()
    worker.drain("test")
    assert states(item) == ["pending"] and lanes.paused() == {"test": "fox"}
    woken.clear()
    assert control.resume("test", by="fox") and not control.resume("test", by="fox")
    assert woken == ["test"]
    worker.drain("test")
    assert states(item) == ["running"]
    with pytest.raises(
        Refused, match="there is no lane nosuch: there are effect, notification, reply, test, tts, wheel"
    ):
        control.pause("nosuch", by="fox")


def test_the_time_of_a_pause_does_not_count_against_what_waits(
    buy: Buy, frames: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    began = timezone.now()

    def at(minutes: float) -> None:
        monkeypatch.setattr(timezone, "now", lambda: began + timedelta(minutes=minutes))

    at(0)
    early, for_approval = buy(), buy(waits=True)
    at(4)
    control.pause("test", by="fox")
    at(20)
    late = buy()
    QueueItem.objects.filter(pk=late.pk).update(created_at=timezone.now())  # the field's default is the real clock
    at(60)
    rescue.rescue()
    assert states(early, for_approval, late) == ["pending", "waiting", "pending"]
    control.resume("test", by="fox")
    at(65.9)  # the first two had waited 4 of their 10 minutes, the third not at all
    rescue.rescue()
    assert states(early, for_approval, late) == ["pending", "waiting", "pending"]
    at(66.1)
    rescue.rescue()
    assert states(early, for_approval, late) == ["expired", "expired", "pending"]
    at(70.1)
    rescue.rescue()
    assert states(late) == ["expired"]


def test_the_history_says_who_did_what(buy: Buy, frames: list[Any]) -> None:
    item = buy(waits=True)
    other = buy()
    control.approve(item, by="ann")
    control.put_first(item, by="bea")
    worker.drain("test")
    control.skip("test", by="cat")
    assert states(item, other) == ["skipped", "pending"]
    copy = control.requeue(item, by="dan")
    assert [(deed.by, deed.what) for deed in item.deeds.all()] == [
        ("ann", "it was approved"),
        ("bea", "it was put first"),
        ("cat", "it was skipped"),
        ("dan", f"done again, as {copy.pk}"),
    ]
    assert [(deed.by, deed.what) for deed in copy.deeds.all()] == [("dan", f"done again, from {item.pk}")]


def test_the_bot_that_is_stopped_repeats_only_what_may_happen_twice(
    kind: Callable[..., str], buy: Buy, frames: list[Any], viewer: Callable[..., Viewer]
) -> None:
    playing = buy()
    worker.drain("test")
    kind("once", lambda item: None, repeatable=False, lane="wheel")
    bob = Viewer.objects.get(key="bob")
    paid = points.spend(bob, 25, source="redeem", reference="s:1")
    once = items.enqueue(
        Effect("once"), viewer=bob, purchase=Purchase.objects.create(viewer=bob, redeem="thing", payment=paid)
    )
    assert worker.claim("wheel") == once
    assert rescue.put_back_running() == 1
    assert states(playing, once) == ["pending", "failed"] and balance() == 975


def test_a_lease_from_before_the_clock_was_put_back_is_over(buy: Buy, frames: list[Any]) -> None:
    item = buy()
    worker.drain("test")
    QueueItem.objects.update(lease_until=timezone.now() + timedelta(days=1))
    rescue.rescue()
    assert states(item) == ["failed"]


def test_skipping_stops_it_on_the_overlay_and_gives_the_points_back(
    buy: Buy, frames: list[Any], said: list[str]
) -> None:
    first, second = buy(), buy()
    worker.drain("test")
    assert control.skip("test", by="fox") == first
    assert states(first, second) == ["skipped", "pending"] and first.by == "fox"
    assert frames[-1] == {"type": "stop", "item": first.pk} and balance() == 975
    assert said == ["@Bob sorry, that did not happen: it was skipped. Your 25 points are back."]
    worker.drain("test")
    assert control.skip("test", by="fox", refund=False) == second
    assert balance() == 975
    assert control.skip("test", by="fox") is None


def test_higher_priority_goes_first_then_arrival_and_one_may_be_put_first(buy: Buy, frames: list[Any]) -> None:
    low, also_low, high = buy(), buy(), buy(priority=5)
    assert control.put_first(also_low, by="fox")
    order = []
    for _ in range(3):
        worker.drain("test")
        running = QueueItem.objects.get(state=State.RUNNING)
        order.append(running.pk)
        playback.finished(running.pk, 1)
    assert order == [also_low.pk, high.pk, low.pk]
    assert not control.put_first(low, by="fox")


def test_the_place_in_the_lane_counts_priority(buy: Buy, viewer: Callable[..., Viewer], shown: str) -> None:
    buy(), buy()
    ann = viewer("Ann")
    items.enqueue(Effect(shown), viewer=ann, priority=1)
    assert lanes.place(ann) == (3, 1)
    assert lanes.place(Viewer.objects.get(key="bob")) == (3, 2)


def test_approval_lets_it_happen_rejection_and_waiting_too_long_give_the_points_back(
    buy: Buy, frames: list[Any], said: list[str]
) -> None:
    yes, no, late = buy(waits=True), buy(waits=True), buy(waits=True)
    worker.drain("test")
    assert states(yes, no, late) == ["waiting"] * 3
    assert control.approve(yes, by="fox") and not control.approve(yes, by="fox")
    assert control.reject(no, by="fox") and not control.reject(no, by="fox")
    worker.drain("test")
    assert states(yes, no) == ["running", "cancelled"]
    rescue.rescue(now=timezone.now() + timedelta(seconds=5))
    assert states(late) == ["waiting"]
    QueueItem.objects.filter(pk=late.pk).update(expires_at=timezone.now())
    rescue.rescue()
    assert states(yes, late) == ["running", "expired"] and balance() == 975
    assert said == [
        "@Bob sorry, that did not happen: it was not approved. Your 25 points are back.",
        "@Bob sorry, that did not happen: nobody approved it in time. Your 25 points are back.",
    ]


def test_what_waited_too_long_does_not_happen_any_more(buy: Buy, frames: list[Any], said: list[str]) -> None:
    stale, fresh = buy(), buy()
    QueueItem.objects.filter(pk=stale.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    worker.drain("test")  # found by the worker, before any rescue
    assert states(stale, fresh) == ["expired", "running"] and balance() == 975
    assert "it waited too long" in said[0]


def test_clearing_gives_everything_back_and_leaves_what_plays(buy: Buy, frames: list[Any]) -> None:
    playing, *others = buy(), buy(), buy(waits=True)
    worker.drain("test")
    assert control.clear("test", by="fox") == 2
    assert states(playing, *others) == ["running", "cancelled", "cancelled"] and balance() == 975


def test_panic_stops_everything_at_once_and_calm_undoes_only_what_it_did(
    buy: Buy, frames: list[Any], said: list[str]
) -> None:
    control.pause("tts", by="ann")
    playing, other = buy(), buy()
    worker.drain("test")
    assert control.panic(by="fox") == 2
    assert states(playing, other) == ["cancelled", "cancelled"] and balance() == 1000
    assert {"type": "silence"} in frames and len(said) == 2
    assert lanes.paused() == dict.fromkeys(("effect", "notification", "reply", "test", "wheel"), "panic by fox") | {
        "tts": "ann"
    }
    after = buy()
    worker.drain("test")
    assert states(after) == ["pending"]
    assert (
        sorted(control.calm(by="fox")) == ["effect", "notification", "reply", "test", "wheel"]
        and control.calm(by="fox") == []
    )
    assert lanes.paused() == {"tts": "ann"}


def test_what_has_ended_is_done_again_for_nothing(buy: Buy, frames: list[Any]) -> None:
    item = buy()
    with pytest.raises(Refused, match="it is pending"):
        control.requeue(item, by="fox")
    worker.drain("test")
    playback.finished(item.pk, 1)
    item.refresh_from_db()
    again = control.requeue(item, by="fox")
    assert (again.purchase, again.viewer, again.state) == (None, item.viewer, State.PENDING)
    control.cancel(again, by="fox")
    assert balance() == 975


def test_what_was_bought_for_nothing_is_told_of_too(viewer: Callable[..., Viewer], shown: str, said: list[str]) -> None:
    bob = viewer("Bob")
    item = items.enqueue(Effect(shown), viewer=bob, purchase=Purchase.objects.create(viewer=bob, redeem="clip"))
    control.cancel(item, by="fox")
    assert said == ["@Bob sorry, that did not happen: it was cancelled."]


@pytest.mark.parametrize("count", [3, 8])
def test_many_who_end_an_item_in_different_ways_at_once_refund_it_once(buy: Buy, frames: list[Any], count: int) -> None:
    item = buy()
    worker.drain("test")
    item.refresh_from_db()
    ways: list[Callable[[], object]] = [
        lambda: control.skip("test", by="a"),
        lambda: control.cancel(item, by="b"),
        lambda: playback.finished(item.pk, 1),
        lambda: playback.failed(item.pk, 1, "broken"),
        lambda: rescue.rescue(now=timezone.now() + timedelta(minutes=5)),
        lambda: control.panic(by="c"),
        lambda: items.end(item, State.FAILED, "d"),
        lambda: rescue.recover(),
    ]
    results = at_once(count, lambda number: ways[number]())
    assert [result for result in results if isinstance(result, Exception)] == []
    (state,) = states(item)
    if state == "pending":  # put back by the recovery, before anybody ended it
        control.clear("test", by="fox")
        (state,) = states(item)
    refunds = Transaction.objects.filter(kind=TransactionKind.REFUND).count()
    assert state in ENDED and refunds == (0 if state == "done" else 1)
    assert balance() == (975 if state == "done" else 1000) and list(audit.findings()) == []


class TestSequence:
    """Several effects, one after the other."""

    def steps(self, *kinds: str) -> Effect:
        return Effect("run_effects", {"effects": [{"kind": kind} for kind in kinds]}, "several")

    def test_each_begins_when_the_one_before_it_has_ended(
        self, kind: Callable[..., str], viewer: Callable[..., Viewer], frames: list[Any]
    ) -> None:
        name = kind("show", lambda item: OverlayTask({"type": "show"}, seconds=2))
        kind("note", lambda item: None)
        items.enqueue(self.steps("note", name, "note"), viewer=viewer("Bob"))
        worker.drain("test")
        assert [item.kind for item in QueueItem.objects.filter(lane="test").order_by("id")] == ["note", name]
        playback.finished(QueueItem.objects.get(kind=name).pk, 1)
        worker.drain("test")
        rows = QueueItem.objects.filter(lane="test").order_by("id").values_list("kind", "state")
        assert list(rows) == [("note", "done"), (name, "done"), ("note", "done")]

    def test_the_points_come_back_when_the_first_fails_and_nothing_else_happens(
        self, kind: Callable[..., str], buy: Buy, viewer: Callable[..., Viewer], frames: list[Any], said: list[str]
    ) -> None:
        def refuse(item: QueueItem) -> None:
            raise Refused("no")

        kind("refuse", refuse), kind("note", lambda item: None)
        bob = Viewer.objects.get(key="bob")
        paid = points.spend(bob, 25, source="redeem", reference="s:1")
        items.enqueue(
            self.steps("refuse", "note"),
            viewer=bob,
            purchase=Purchase.objects.create(viewer=bob, redeem="thing", payment=paid),
        )
        worker.drain("test")
        assert balance() == 1000 and not QueueItem.objects.filter(kind="note").exists()
        assert len(said) == 1

    def test_the_points_come_back_when_a_later_one_fails_too(
        self, kind: Callable[..., str], buy: Buy, frames: list[Any], said: list[str]
    ) -> None:
        def refuse(item: QueueItem) -> None:
            raise Refused("OBS is away")

        kind("refuse", refuse), kind("note", lambda item: None)
        bob = Viewer.objects.get(key="bob")
        paid = points.spend(bob, 25, source="redeem", reference="s:1")
        items.enqueue(
            self.steps("note", "show", "refuse", "note"),
            viewer=bob,
            purchase=Purchase.objects.create(viewer=bob, redeem="thing", payment=paid),
        )
        worker.drain("test")
        assert balance() == 975
        playback.finished(QueueItem.objects.get(kind="show").pk, 1)
        worker.drain("test")
        assert balance() == 1000 and QueueItem.objects.filter(kind="note").count() == 1
        assert said == ["@Bob sorry, that did not happen: OBS is away. Your 25 points are back."]
        assert list(audit.findings()) == []

    def sold(self, *steps: dict[str, Any]) -> Purchase:
        bob = Viewer.objects.get(key="bob")
        paid = points.spend(bob, 25, source="redeem", reference="s:1")
        purchase = Purchase.objects.create(viewer=bob, redeem="thing", payment=paid)
        items.enqueue(Effect("run_effects", {"effects": list(steps)}), viewer=bob, purchase=purchase)
        worker.drain("test")
        return purchase

    def test_what_a_bought_sequence_gives_is_given_when_the_rest_has_happened(
        self, kind: Callable[..., str], buy: Buy, frames: list[Any], said: list[str]
    ) -> None:
        grant = {"kind": "grant_points", "points": 30}
        self.sold(grant, {"kind": "chat_line", "text": "hi"}, {"kind": "show"})
        assert balance() == 975 and said == ["hi"]
        playback.finished(QueueItem.objects.get(kind="show").pk, 1)
        assert balance() == 1005

    def test_a_sequence_whose_last_step_fails_leaves_nothing_but_the_refund(
        self, kind: Callable[..., str], buy: Buy, frames: list[Any]
    ) -> None:
        def refuse(item: QueueItem) -> None:
            raise Refused("OBS is away")

        kind("refuse", refuse)
        self.sold({"kind": "grant_points", "points": 30}, {"kind": "refuse"})
        assert balance() == 1000 and list(audit.findings()) == []

    def test_of_several_gifts_none_is_given_where_one_can_not_be(
        self, buy: Buy, frames: list[Any], said: list[str]
    ) -> None:
        purchase = self.sold({"kind": "grant_points", "points": 30}, {"kind": "grant_item", "item": "nosuch"})
        assert balance() == 1000 and list(audit.findings()) == []
        assert [item.state for item in purchase.items.all()] == [State.FAILED]
        assert said == ["@Bob sorry, that did not happen: there is no item called “nosuch”. Your 25 points are back."]

    @pytest.mark.parametrize("deed", ["clear", "panic", "expire"])
    def test_what_is_taken_out_takes_the_rest_along(
        self, kind: Callable[..., str], viewer: Callable[..., Viewer], frames: list[Any], deed: str
    ) -> None:
        kind("note", lambda item: None)
        items.enqueue(self.steps("note", "note", "note"), viewer=viewer("Bob"))
        if deed == "clear":
            assert control.clear("test", by="fox") == 1
        elif deed == "panic":
            assert control.panic(by="fox") == 1
        else:
            rescue.rescue(now=timezone.now() + timedelta(hours=1))
        assert not QueueItem.objects.exclude(state__in=ENDED).exists()

    def test_while_it_waits_for_approval_it_is_in_its_first_lane(
        self, kind: Callable[..., str], viewer: Callable[..., Viewer], frames: list[Any]
    ) -> None:
        kind("note", lambda item: None)
        inner = {"kind": "run_effects", "effects": [{"kind": "note"}]}
        effect = Effect("run_effects", {"effects": [{"kind": "chat_line", "text": "hi"}, inner]}, "several")
        item, other = (items.enqueue(effect, viewer=viewer(name), waits=True) for name in ("Bob", "Ann"))
        assert QueueItem.objects.filter(lane="test", state=State.WAITING).count() == 2
        assert control.approve(item, by="fox")
        worker.drain("test")
        assert QueueItem.objects.get(kind="note").state == State.DONE
        assert control.clear("test", by="fox") == 1 and states(other) == ["cancelled"]

    def test_one_within_another_is_over_before_the_next_begins(
        self, kind: Callable[..., str], viewer: Callable[..., Viewer], frames: list[Any]
    ) -> None:
        kind("show", lambda item: OverlayTask({"type": "show"}, seconds=2)), kind("note", lambda item: None)
        inner = {"kind": "run_effects", "effects": [{"kind": "show"}, {"kind": "show"}]}
        items.enqueue(Effect("run_effects", {"effects": [inner, {"kind": "note"}]}), viewer=viewer("Bob"))
        for _ in range(2):
            worker.drain("test")
            assert not QueueItem.objects.filter(kind="note").exists()
            playback.finished(QueueItem.objects.get(kind="show", state=State.RUNNING).pk, 1)
        assert QueueItem.objects.filter(kind="note").exists()

    def test_what_nobody_bought_goes_on_after_a_failure(
        self, kind: Callable[..., str], viewer: Callable[..., Viewer], frames: list[Any]
    ) -> None:
        def refuse(item: QueueItem) -> None:
            raise Refused("no")

        kind("refuse", refuse), kind("note", lambda item: None)
        items.enqueue(self.steps("refuse", "note"), viewer=viewer("Bob"))
        worker.drain("test")
        assert QueueItem.objects.get(kind="note").state == State.DONE

    def test_what_needs_no_lane_may_be_among_them_however_deep(
        self, viewer: Callable[..., Viewer], said: list[str], kind: Callable[..., str], frames: list[Any]
    ) -> None:
        kind("show", lambda item: OverlayTask({"type": "show"}, seconds=2))
        line, points_of = {"kind": "chat_line", "text": "hi"}, {"kind": "grant_points", "points": 5}
        nested = {
            "kind": "run_effects",
            "effects": [points_of, line, {"kind": "nosuch"}, {"kind": "run_effects", "effects": [points_of] * 20}],
        }
        steps = [{"kind": "gone"}, points_of, nested, {"kind": "show"}, points_of]
        items.enqueue(Effect("run_effects", {"effects": steps}), viewer=viewer("Bob"))
        assert balance() == 5 + 5 + 100 and said == ["hi"]
        worker.drain("test")
        playback.finished(QueueItem.objects.get(kind="show").pk, 1)
        assert balance() == 115
        assert set(QueueItem.objects.values_list("state", flat=True)) == {"done"}
        assert list(audit.findings()) == []


class TestDashboard:
    """The same with buttons."""

    @pytest.fixture
    def fox(self) -> Client:
        client = Client()
        client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
        return client

    def test_the_lanes_are_steered(self, fox: Client, buy: Buy, frames: list[Any]) -> None:
        playing, waiting = buy(), buy()
        worker.drain("test")

        def press(path: str) -> str:
            return fox.post(f"/admin/effects/queueitem/{path}/", follow=True).text

        page = fox.get("/admin/effects/queueitem/").text
        assert f"#{playing.pk} a thing" in page and "PANIC" in page
        assert "Test is paused." in press("lane/test/pause") and Lane.objects.get().paused_by == "fox"
        assert "Skipped: show" in press("lane/test/skip")
        assert "Cancelled in test: 1. Their points went back" in press("lane/test/clear")
        assert "There is no lane nosuch" in press("lane/nosuch/pause")
        assert states(playing, waiting) == ["skipped", "cancelled"] and balance() == 1000
        assert "Test is resumed." in press("lane/test/resume")
        buy()
        assert "Items cancelled: 1. Their points went back" in press("panic")
        assert "Everything is stopped." in fox.get("/admin/effects/queueitem/").text
        assert "Resumed: effect, notification, reply, test, tts, wheel." in press("calm")
        assert fox.get("/admin/effects/queueitem/panic/").status_code == 403

    def test_items_are_approved_rejected_cancelled_put_first_and_done_again(self, fox: Client, buy: Buy) -> None:
        yes, no, out, first = buy(waits=True), buy(waits=True), buy(), buy()

        def act(action: str, item: QueueItem) -> str:
            form = {"action": action, "_selected_action": item.pk}
            return fox.post("/admin/effects/queueitem/", form, follow=True).text

        assert "1 approved." in act("approve", yes) and "1 rejected." in act("reject", no)
        assert "1 cancelled." in act("cancel", out) and "1 put first." in act("put_first", first)
        assert "1 in the queue again." in act("retry", out)
        assert states(yes, no, out) == ["pending", "cancelled", "cancelled"]
        assert {yes.by, no.by, out.by} == {"fox"}
        assert worker.claim("test") == first

    def test_looking_is_not_enough(self, buy: Buy) -> None:
        item = buy()
        looker = get_user_model().objects.create_user("looker", is_staff=True)
        looker.user_permissions.add(Permission.objects.get(codename="view_queueitem"))
        client = Client()
        client.force_login(looker)
        assert "PANIC" not in client.get("/admin/effects/queueitem/").text
        assert client.post("/admin/effects/queueitem/panic/").status_code == 403
        client.post("/admin/effects/queueitem/", {"action": "cancel", "_selected_action": item.pk})
        assert states(item) == ["pending"]


def test_what_was_not_told_to_the_overlays_is_not_ended_by_one(kind: Any, woken: list[str]) -> None:
    item = items.enqueue(Effect(kind("show", lambda item: OverlayTask({"type": "show"}, seconds=1))))
    QueueItem.objects.filter(pk=item.pk).update(state=State.RUNNING, attempts=1, told_at=None)  # it is prepared still
    assert not playback.finished(item.pk, 1)
    QueueItem.objects.filter(pk=item.pk).update(told_at=timezone.now())
    assert playback.finished(item.pk, 1)
