"""How a sequence goes on: after a pause, with one of several lists, or only if something is so."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from economy.ledger import audit, points
from economy.models import Points, Transaction, TransactionKind, Viewer
from effects import wheel
from effects.library import one_of, only_if, wait
from effects.models import ENDED, Purchase, QueueItem, State, Turn
from effects.queue import again, control, items, lanes, trying, worker
from effects.queue.upkeep import rescue
from effects.registry import Effect, known_parts, require_possible, seconds
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.steps import Step, payloads, planned, pruned
from pixelbot_site.kit.trying import Trial
from tests.effects.conftest import Anything

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken", "notes")]

PRICE = 25


@pytest.fixture
def notes(kind: Callable[..., str]) -> Iterator[list[str]]:
    """The texts of the notes that happened; the kind `broken` fails."""
    happened: list[str] = []

    def fail(item: QueueItem) -> None:
        raise Failed("it broke")

    kind("note", lambda item: happened.append(item.payload["text"]))
    kind("broken", fail)
    payloads.add("note", Anything, "a test")
    yield happened
    del payloads._things["note"]


@pytest.fixture
def countdowns(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """The lanes that are to be woken later, and after how many seconds."""
    found: list[tuple[str, float]] = []
    monkeypatch.setattr("effects.queue.wakeups.send", lambda task, lane, countdown: found.append((lane, countdown)))
    return found


def note(text: str) -> dict[str, Any]:
    return {"kind": "note", "text": text}


def pause(seconds: float) -> dict[str, Any]:
    return {"kind": wait.WaitKind.name, "seconds": seconds}


def one(*lists: list[Any], how: str = "by weight", **more: Any) -> dict[str, Any]:
    return {"kind": "one_of", "how": how, "choices": [{"weight": 1, "effects": steps} for steps in lists], **more}


def only(*effects: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "only_if", "effects": list(effects), **more}


def run(*steps: Step, viewer: Viewer | None = None, **more: Any) -> None:
    """Enqueue a row's effects as the bot does, and perform what can be performed now."""
    for effect in planned(steps, {"user": "Bob"}):
        items.enqueue(effect, viewer=viewer, **more)
    worker.drain("test")


def sold(bob: Viewer, *steps: Step) -> Purchase:
    paid = points.spend(bob, PRICE, source="redeem", reference="s:1")
    purchase = Purchase.objects.create(viewer=bob, redeem="thing", payment=paid)
    items.enqueue(Effect("run_effects", {"effects": list(steps)}, "several"), viewer=bob, purchase=purchase)
    worker.drain("test")
    return purchase


def let_time_pass() -> None:
    """Put the time that items wait for into the past, and do what the schedule does then."""
    for item in QueueItem.objects.filter(due_at__isnull=False, state=State.PENDING):
        QueueItem.objects.filter(pk=item.pk).update(due_at=timezone.now() - timedelta(milliseconds=1))
    worker.drain("")
    worker.drain("test")


def balance() -> int:
    return Points.objects.get(viewer__key="bob").balance


def refunds() -> int:
    return Transaction.objects.filter(kind=TransactionKind.REFUND).count()


class TestWait:
    """A pause: what follows is due later."""

    def test_what_follows_happens_after_its_time_and_not_before(
        self, notes: list[str], countdowns: list[tuple[str, float]]
    ) -> None:
        run(note("one"), pause(30), note("two"))
        worker.drain("")
        worker.drain("test")
        assert notes == ["one"]
        ((lane, countdown),) = countdowns
        assert lane == "" and 29 < countdown <= 30
        let_time_pass()
        assert notes == ["one", "two"]
        assert not QueueItem.objects.exclude(state=State.DONE).exists()

    def test_nothing_is_occupied_meanwhile(self, notes: list[str], countdowns: list[Any]) -> None:
        run(pause(30), note("late"))
        run(note("soon"))
        assert notes == ["soon"]
        assert not QueueItem.objects.filter(state=State.RUNNING).exists()
        assert all(status.waiting == 0 and status.oldest is None for status in lanes.statuses())

    def test_each_pause_counts_from_the_end_of_what_came_before(
        self, notes: list[str], countdowns: list[tuple[str, float]]
    ) -> None:
        run(pause(10), note("one"), pause(20), note("two"))
        let_time_pass()
        assert notes == ["one"] and [round(countdown) for _, countdown in countdowns] == [10, 20]
        let_time_pass()
        assert notes == ["one", "two"]

    def test_a_pause_inside_another_list_holds_up_what_follows_that_list(
        self, notes: list[str], countdowns: list[Any]
    ) -> None:
        run(pause(0.1), one([only(pause(9), note("one"))]), note("two"))
        let_time_pass()
        assert notes == []
        let_time_pass()
        assert notes == ["one", "two"]

    @pytest.mark.parametrize("steps", [[pause(5)], [note("x"), pause(5)], [one([pause(5)])]])
    def test_a_pause_before_nothing_is_none(self, steps: list[Any], countdowns: list[Any]) -> None:
        run(*steps)
        assert not QueueItem.objects.exclude(state=State.DONE).exists() and countdowns == []

    def test_the_schedule_wakes_it_when_the_wake_up_was_lost(self, woken: list[str], countdowns: list[Any]) -> None:
        run(pause(30), note("x"))
        woken.clear()
        rescue.rescue()
        assert woken == []
        QueueItem.objects.filter(state=State.PENDING).update(due_at=timezone.now())
        rescue.rescue()
        assert woken == [""]

    def test_the_time_that_it_waits_does_not_let_it_expire(self, notes: list[str], countdowns: list[Any]) -> None:
        run(pause(3600), note("x"))
        rescue.rescue(now=timezone.now() + timedelta(seconds=3600))
        assert QueueItem.objects.filter(state=State.PENDING).count() == 1
        rescue.rescue(now=timezone.now() + timedelta(hours=5))
        assert QueueItem.objects.filter(state=State.EXPIRED).count() == 1

    @pytest.mark.parametrize("deed", ["panic", "clear", "cancel", "give back"])
    def test_what_staff_stop_is_refunded(
        self, deed: str, viewer: Callable[..., Viewer], notes: list[str], countdowns: list[Any]
    ) -> None:
        purchase = sold(viewer("Bob", points=100), note("one"), pause(30), note("two"))
        assert balance() == 100 - PRICE
        if deed == "panic":
            assert control.panic(by="fox") == 1
        elif deed == "clear":
            assert control.clear("effect", by="fox") == 0 and control.clear("test", by="fox") == 1
        elif deed == "cancel":
            assert control.cancel(QueueItem.objects.get(state=State.PENDING), by="fox")
        else:
            assert control.give_back(purchase, by="fox")
        let_time_pass()
        assert (balance(), refunds(), notes) == (100, 1, ["one"]) and list(audit.findings()) == []

    def test_a_paused_lane_keeps_what_came_due(self, notes: list[str], countdowns: list[Any]) -> None:
        run(pause(30), note("x"))
        control.pause("test", by="fox")
        let_time_pass()
        assert notes == [] and QueueItem.objects.filter(lane="test", state=State.PENDING).exists()
        control.resume("test", by="fox")
        worker.drain("test")
        assert notes == ["x"]

    def test_the_queue_says_in_how_many_seconds(self, countdowns: list[Any]) -> None:
        run(pause(12), note("x"))
        item = QueueItem.objects.get(state=State.PENDING)
        assert item.due_in == 12 and control.state_word(item) == "in 12 s"
        item.due_at = timezone.now() - timedelta(seconds=1)
        assert item.due_in is None

    def test_what_waits_for_its_time_counts_where_the_lane_is_full(
        self, viewer: Callable[..., Viewer], countdowns: list[Any]
    ) -> None:
        sold(viewer("Bob", points=100), pause(30), note("x"))
        assert (lanes.bought("test"), lanes.bought("effect")) == (1, 0)

    def test_its_length_counts(self) -> None:
        assert seconds(Effect("run_effects", {"effects": [pause(2.5), pause(3)]})) == 5.5

    @pytest.mark.parametrize("moment", ["perform", "finish"])
    def test_a_crash_while_it_goes_on_repeats_it_whole(
        self, moment: str, notes: list[str], countdowns: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run(pause(30), note("x"))
        QueueItem.objects.filter(state=State.PENDING).update(due_at=timezone.now())

        def die(*args: Any, **more: Any) -> None:
            raise SystemExit

        with monkeypatch.context() as patch, pytest.raises(SystemExit):
            patch.setattr(items, "hand_on" if moment == "perform" else "finish", die)
            worker.drain("")
        rescue.recover()
        worker.drain("")
        worker.drain("test")
        assert notes == ["x"] and not QueueItem.objects.exclude(state=State.DONE).exists()


class TestOneOf:
    """One of several lists."""

    def test_one_happens_and_then_what_follows(self, notes: list[str]) -> None:
        run({"kind": "run_effects", "effects": [one([note("a"), note("b")]), note("after")]})
        assert notes == ["a", "b", "after"]

    def test_weights_are_the_chances(self) -> None:
        choices = [one_of.Choice(weight=weight) for weight in (1, 3, 6)]
        counts = Counter(wheel.pick(choices).weight for _ in range(10_000))
        # Five standard deviations to each side.
        assert all(abs(counts[weight] - weight * 1000) < 5 * 50 for weight in (1, 3, 6))

    def test_in_turn_each_comes_once_before_one_comes_again(self, notes: list[str]) -> None:
        turns = one([note("a")], [note("b")], [note("c")], how="in turn", counter="here")
        other = one([note("A")], [note("B")], how="in turn", counter="there")
        for step in (turns, turns, other, turns, turns, other):
            run(step)
        assert notes == ["a", "b", "A", "c", "a", "B"]

    def test_without_a_counter_the_content_counts(self, notes: list[str]) -> None:
        for _ in range(2):
            run(one([note("a")], [note("b")], how="in turn"))
        assert notes == ["a", "b"]

    def test_many_at_once_take_turns(self, notes: list[str]) -> None:
        effect = Effect("one_of", {key: value for key, value in self.turns().items() if key != "kind"})
        start = threading.Barrier(8)

        def take() -> None:
            try:
                start.wait()
                for _ in range(6):
                    items.enqueue(effect)
            finally:
                connection.close()

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        drawn = Counter(QueueItem.objects.filter(kind="note").values_list("payload__text", flat=True))
        assert drawn == {"a": 16, "b": 16, "c": 16} and Turn.objects.get().taken == 48

    def turns(self) -> dict[str, Any]:
        return one([note("a")], [note("b")], [note("c")], how="in turn", counter="here")

    def test_where_nothing_is_drawn_what_follows_happens(self, notes: list[str]) -> None:
        run({"kind": "run_effects", "effects": [one([]), note("after")]})
        assert notes == ["after"]
        run(one([]))
        assert not QueueItem.objects.exclude(state=State.DONE).exists()

    @pytest.mark.parametrize("drawn", range(3))
    def test_a_bought_one_that_fails_is_refunded_in_every_branch(
        self, drawn: int, viewer: Callable[..., Viewer], notes: list[str]
    ) -> None:
        fails = {"kind": "broken"}
        lists = [[fails], [note("x"), fails], [{"kind": "grant_points", "points": 5}, one([fails])]]
        Turn.objects.create(counter="here", taken=drawn)
        sold(viewer("Bob", points=100), one(*lists, how="in turn", counter="here"), note("after"))
        assert (balance(), refunds()) == (100, 1) and "after" not in notes and list(audit.findings()) == []

    def test_a_bought_one_whose_drawn_branch_can_not_happen_is_refunded_before_it_begins(
        self, viewer: Callable[..., Viewer], notes: list[str], said: list[str]
    ) -> None:
        sold(viewer("Bob", points=100), one([note("x"), {"kind": "alert", "text": "no overlay is open"}]))
        assert (balance(), refunds(), notes) == (100, 1, []) and "are back" in said[0]

    def test_what_is_given_comes_last_whatever_is_drawn(
        self, viewer: Callable[..., Viewer], notes: list[str], kind: Callable[..., str]
    ) -> None:
        balances: list[int] = []
        kind("look", lambda item: balances.append(balance()))
        gift, look = {"kind": "grant_points", "points": 5}, {"kind": "look"}
        sold(viewer("Bob", points=100), one([gift, look]), look, only(gift, look))
        assert balances == [75, 75, 75] and balance() == 85

    def test_what_nobody_bought_goes_on_after_a_list_that_does_not_fit(self, notes: list[str]) -> None:
        run({"kind": "run_effects", "effects": [{"kind": "one_of", "choices": []}, note("after")]})
        assert notes == ["after"]

    def test_five_deep(self, notes: list[str]) -> None:
        deep: list[Any] = [note("deep")]
        for _ in range(5):
            deep = [one(deep)]
            deep = [only(*deep)]
        run({"kind": "run_effects", "effects": [*deep, note("after")]})
        assert notes == ["deep", "after"]


class TestOnlyIf:
    """Conditions."""

    @pytest.mark.parametrize(
        ("conditions", "who", "holds"),
        [
            ({}, None, True),
            ({}, "plain", True),
            ({"least_role": "subscribers"}, "plain", False),
            ({"least_role": "subscribers"}, "mod", True),
            ({"least_role": "the streamer"}, "mod", False),
            ({"least_role": "followers"}, None, False),
            ({"least_level": 2}, "plain", False),
            ({"least_level": 2}, "mod", True),
            ({"least_level": 2}, None, False),
            ({"live": True}, "plain", False),
        ],
    )
    def test_all_conditions_must_hold(
        self,
        conditions: dict[str, Any],
        who: str | None,
        holds: bool,
        viewer: Callable[..., Viewer],
        notes: list[str],
    ) -> None:
        viewer("plain")
        mod = viewer("mod")
        Viewer.objects.filter(pk=mod.pk).update(is_moderator=True)
        mod.xp.level = 2
        mod.xp.save()
        person = Viewer.objects.get(username=who) if who else None
        run(only(note("yes"), otherwise=[note("no")], **conditions), viewer=person)
        run(only(note("yes"), **conditions), viewer=person)
        assert notes == (["yes", "yes"] if holds else ["no"])
        assert not QueueItem.objects.exclude(state=State.DONE).exists()

    def test_they_are_asked_when_its_turn_comes(
        self, notes: list[str], countdowns: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run(pause(5), only(note("live"), live=True))
        monkeypatch.setattr(only_if.live_since, "_listeners", [lambda: None, timezone.now])
        let_time_pass()
        assert notes == ["live"]

    def test_the_bot_says_since_when_it_is_live(self) -> None:
        from joystick.channel import streams

        assert only_if.live_since.call() == [None]
        streams.begin("c", timezone.now())
        assert all(only_if.live_since.call())

    def test_chance_is_per_cent(self, notes: list[str]) -> None:
        always = only_if.OnlyIf.model_validate({"effects": [note("x")]})
        payload = only_if.OnlyIf.model_validate({"effects": [note("x")], "chance": 20})
        count = sum(only_if._holds(None, payload) for _ in range(10_000))
        assert abs(count - 2000) < 5 * 40
        assert all(only_if._holds(None, always) for _ in range(1000))


class TestBefore:
    """What is known of a choice before it is made."""

    def check(self, *steps: Step) -> None:
        def refuse(kind: Any, step: Step) -> None:
            if kind.name == "broken":
                raise Refused("it can't happen")

        require_possible(steps, refuse)

    @pytest.mark.parametrize(
        ("steps", "is_possible"),
        [
            ([one([{"kind": "broken"}], [note("x")])], True),
            ([one([{"kind": "broken"}], [])], True),
            ([one([{"kind": "broken"}])], False),
            ([one([{"kind": "broken"}], [note("x"), {"kind": "broken"}])], False),
            ([one([note("x")]), {"kind": "broken"}], False),
            ([only({"kind": "broken"})], True),
            ([only({"kind": "broken"}, otherwise=[{"kind": "broken"}])], False),
            ([only({"kind": "broken"}, otherwise=[one([{"kind": "broken"}], [pause(1)])])], True),
            ([pause(1), {"kind": "run_effects", "effects": [{"kind": "broken"}]}], False),
        ],
    )
    def test_only_what_can_happen_in_no_way_is_refused(self, steps: list[Any], is_possible: bool) -> None:
        if is_possible:
            self.check(*steps)
        else:
            with pytest.raises(Refused):
                self.check(*steps)

    def test_of_several_ways_the_longest_counts(self) -> None:
        steps = [one([pause(5)], [pause(1), pause(2)]), only(pause(1), otherwise=[pause(4)]), pause(10)]
        assert seconds(Effect("run_effects", {"effects": steps})) == 19

    def test_what_is_pruned_leaves_the_lists_that_it_was_in(self) -> None:
        steps = [one([note("a")], [note("b"), pause(1)]), only(note("a")), note("a"), pause(2)]
        kept = pruned(steps, lambda step: step.get("text") != "a")
        assert kept == [one([], [note("b"), pause(1)]), pause(2)]
        assert steps[0] == one([note("a")], [note("b"), pause(1)])

    def test_what_is_tried_shows_no_gifts_counts_conditions_as_met_and_takes_no_turn(self, notes: list[str]) -> None:
        gift = {"kind": "grant_points", "points": 5}
        step = only(one([gift, note("a")], [note("b")], how="in turn", counter="here"), least_level=50)
        for _ in range(2):
            said = trying.try_effects(Trial(list(planned([step], {}))), "mo")
            worker.drain("test")
        assert notes == ["a", "a"] and "A test does not give 5 points." in said and not Turn.objects.exists()

    def test_a_column_with_a_pause_is_tried_however_long_it_is(self, notes: list[str], countdowns: list[Any]) -> None:
        deep = one([one([one([one([note("deep")])])])])
        trying.try_effects(Trial(list(planned([*[note("x")] * 20, pause(1), deep], {}))), "mo")
        for _ in range(25):
            let_time_pass()
        assert notes == ["x"] * 20 + ["deep"]

    def test_run_again_leaves_out_gifts_in_every_list_and_draws_anew(
        self, viewer: Callable[..., Viewer], notes: list[str]
    ) -> None:
        gift = {"kind": "grant_points", "points": 5}
        step = one([note("a"), gift], [note("b"), gift], how="in turn", counter="here")
        run(step, viewer=viewer("Bob", points=10), event="e:1")
        assert notes == ["a"] and balance() == 15
        assert "give 5 points" in again.run_again("e:1", by="fox")
        worker.drain("test")
        assert notes == ["a", "b"] and balance() == 15

    def test_what_ended_leaves_nothing_behind(self, notes: list[str]) -> None:
        run(one([note("a")]))
        assert set(QueueItem.objects.values_list("state", flat=True)) <= set(ENDED)


def trees() -> st.SearchStrategy[list[Any]]:
    """Lists of effects inside each other; the notes are numbered later."""
    lists = st.deferred(lambda: st.lists(step, max_size=3))
    some = st.deferred(lambda: st.lists(step, min_size=1, max_size=3))
    step: st.SearchStrategy[Any] = st.one_of(
        st.just("note"),
        st.just("note"),
        some.map(lambda steps: {"kind": "run_effects", "effects": steps}),
        st.lists(lists, min_size=1, max_size=3).map(lambda found: one(*found)),
        st.tuples(some, lists).map(lambda pair: only(*pair[0], chance=50, otherwise=pair[1])),
    )
    return some


def numbered(value: Any, numbers: Iterator[int]) -> Any:
    if value == "note":
        return note(f"{next(numbers):04d}")
    if isinstance(value, list):
        return [numbered(inner, numbers) for inner in value]
    return {key: numbered(inner, numbers) for key, inner in value.items()} if isinstance(value, dict) else value


@pytest.mark.journey
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=trees())
def test_nothing_happens_but_what_is_foreseen_and_in_its_order(notes: list[str], tree: list[Any]) -> None:
    notes.clear()
    steps = numbered(tree, itertools.count())
    whole = Effect("run_effects", {"effects": steps})
    foreseen = [payload.model_dump()["text"] for _, payload in known_parts(whole)]
    assert foreseen == sorted(foreseen) and len(set(foreseen)) == len(foreseen)
    items.enqueue(whole)
    worker.drain("test")
    assert notes == sorted(notes) and len(set(notes)) == len(notes) and set(notes) <= set(foreseen)
    # What lies in no choice must happen.
    assert {step["text"] for step in steps if step["kind"] == "note"} <= set(notes)
