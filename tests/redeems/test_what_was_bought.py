"""What was bought happens, or its price goes back, and never both: from the line in chat to the end of the last item."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from economy.ledger import audit, points
from economy.ledger.accounts import MAX_BALANCE
from economy.models import XP, Points, Viewer
from effects.models import Prize, Purchase, QueueItem, Spin, State
from effects.models.queue import ENDED
from effects.queue import control, items, worker
from effects.queue.upkeep import expiry, rescue
from effects.registry import INSTANT
from joystick.models import CustomCommand
from joystick.settings_table import Rules
from joystick.simulator.happenings import chat
from redeems import purchase
from redeems.models import Redeem
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken", "stage")]

Deliver = Callable[..., None]
SPIN = {"kind": "spin_wheel"}


@pytest.fixture
def bob(viewer: Callable[..., Viewer]) -> Viewer:
    return viewer("Bob", points=1000)


def sell(key: str, *effects: dict[str, Any], cost: int = 100) -> None:
    Redeem.objects.create(key=key, title=key.title(), cost=cost, effects=list(effects), cooldown_seconds=0)


def alert(text: str) -> dict[str, Any]:
    return {"kind": "alert", "text": text}


def balance() -> int:
    assert list(audit.findings()) == []
    return Points.objects.get(viewer__key="bob").balance


def play(lane: str) -> None:
    """Play to its end what is next in a lane."""
    worker.drain(lane)
    item = QueueItem.objects.get(lane=lane, state=State.RUNNING)
    items.finish(item.pk, item.attempts)


def texts(*states: State) -> list[str]:
    return [item.payload["text"] for item in QueueItem.objects.filter(kind="alert", state__in=states)]


@pytest.mark.usefixtures("bob")
def test_a_spin_in_a_sequence_comes_after_what_may_fail(deliver: Deliver) -> None:
    Prize.objects.create(name="500", effects=[{"kind": "grant_points", "points": 500}])
    sell("combo", SPIN, alert("gg {user}"), {"kind": "grant_points", "points": 10})
    deliver(chat("Bob", "!combo"))
    worker.drain("notification")
    control.skip("notification", by="mo")
    worker.drain("wheel")
    assert balance() == 1000 and not QueueItem.objects.filter(kind="spin_wheel").exists()
    deliver(chat("Bob", "!combo"))
    play("notification")
    play("wheel")
    assert balance() == 1000 - 100 + 500 + 10


@pytest.mark.parametrize("how", ["drawn", "cancelled", "expired", "at the maximum"])
def test_after_a_prize_was_won_what_else_was_bought_refunds_nothing(
    how: str, bob: Viewer, deliver: Deliver, said: list[str]
) -> None:
    prize = Prize.objects.create(name="500", effects=[{"kind": "grant_points", "points": 500}])
    sell("double", SPIN, {"kind": "grant_points", "points": 7_000} if how == "at the maximum" else SPIN)
    if how == "at the maximum":
        points.grant(bob, MAX_BALANCE - 2_000, source="test", reference="test:rich")
    before = balance()
    deliver(chat("Bob", "!double"))
    if how == "drawn":
        Prize.objects.filter(pk=prize.pk).update(stock=1)
    play("wheel")
    if how == "drawn":
        worker.drain("wheel")
    elif how == "cancelled":
        control.cancel(QueueItem.objects.get(state=State.PENDING), by="mo")
    elif how == "expired":
        QueueItem.objects.filter(state=State.PENDING).update(expires_at=timezone.now() - timedelta(seconds=1))
        expiry.expire(now=timezone.now())
    assert not QueueItem.objects.exclude(state__in=ENDED).exists()
    assert balance() == before - 100 + 500
    assert said[-1].endswith("You keep what you won with it.")


@pytest.mark.parametrize("how", ["excluded", "switched off", "capped"])
def test_xp_that_was_bought_is_given(how: str, bob: Viewer, deliver: Deliver, settings: Settings) -> None:
    if how == "excluded":
        Viewer.objects.update(excluded=True)
    elif how == "switched off":
        settings.XP_ENABLED = False
    else:
        settings.XP_DAILY_CAPS = {"effect": 100}
    sell("lift", {"kind": "grant_xp", "xp": 500})
    deliver(chat("Bob", "!lift"))
    assert XP.objects.get(viewer=bob).total == 500 and balance() == 900


def test_xp_that_nobody_can_have_is_paid_back(bob: Viewer, deliver: Deliver, said: list[str]) -> None:
    XP.objects.filter(viewer=bob).update(total=10**12 - 1)
    sell("lift", {"kind": "grant_xp", "xp": 500})
    deliver(chat("Bob", "!lift"))
    assert Points.objects.get(viewer=bob).balance == 1000
    assert any("nobody can have so much XP" in line for line in said)


@pytest.mark.usefixtures("bob")
def test_what_a_spin_won_outlasts_the_panic_that_ended_the_spin(deliver: Deliver) -> None:
    Prize.objects.create(name="Alert", stock=1, effects=[alert("won")])
    CustomCommand.objects.create(word="sp", cost=60, cooldown_seconds=0, effects=[SPIN])
    sell("shown", alert("bought"))
    deliver(chat("Bob", "!sp"), chat("Bob", "!shown"))
    worker.drain("wheel")
    control.panic(by="mo")
    assert texts(State.PENDING) == ["won"] and texts(State.CANCELLED) == ["bought"] and balance() == 940
    control.calm(by="mo")
    play("notification")
    assert texts(State.DONE) == ["won"]


@pytest.mark.usefixtures("bob")
def test_a_spin_that_was_drawn_is_not_told_to_be_cancelled(deliver: Deliver, said: list[str]) -> None:
    Prize.objects.create(name="500", effects=[{"kind": "grant_points", "points": 500}])
    sell("combo", SPIN)
    deliver(chat("Bob", "!combo"))
    worker.drain("wheel")
    number = QueueItem.objects.get(kind="spin_wheel").pk
    deliver(chat("Mo", f"!cancel {number}", "mod"))
    assert balance() == 1400
    assert said[-1] == f"@Mo #{number} counts as done: what was drawn is the viewer's."


@pytest.mark.usefixtures("bob")
def test_a_choice_that_cant_happen_is_passed_over(deliver: Deliver, said: list[str], settings: Settings) -> None:
    settings.OBS_ENABLED = False
    scene, lines = {"kind": "obs_scene", "scene": "x"}, [{"kind": "chat_line", "text": text} for text in ("one", "two")]
    choices = [{"weight": 1000, "effects": [scene]}, *({"effects": [line]} for line in lines)]
    sell("turn", {"kind": "one_of", "how": "in turn", "counter": "c", "choices": choices})
    sell("draw", {"kind": "one_of", "how": "by weight", "choices": choices[:2]})
    for _ in range(3):
        deliver(chat("Bob", "!turn"))
    assert [line for line in said if line in {"one", "two"}] == ["one", "two", "one"]
    deliver(chat("Bob", "!draw"))
    assert said.count("one") == 3 and balance() == 600


def test_what_cant_be_paid_back_now_stays_owed(bob: Viewer, deliver: Deliver) -> None:
    sell("boo", alert("boo"))
    deliver(chat("Bob", "!boo"))
    points.grant(bob, 10**12 - balance(), source="test", reference="all")
    control.cancel(QueueItem.objects.get(), by="mo")
    bought = Purchase.objects.get()
    assert bought.refunded_at is None and "could not be given back" in QueueItem.objects.get().error
    points.adjust(bob, -1000, source="test", reference="less")
    assert control.give_back(bought, by="mo") and balance() == 10**12 - 900


@pytest.mark.usefixtures("bob")
def test_a_wheel_that_could_only_be_spun_again_sells_no_spin(deliver: Deliver, said: list[str]) -> None:
    purchase.seed()
    Redeem.objects.update(cooldown_seconds=0, global_cooldown_seconds=0)
    Prize.objects.all().delete()
    Prize.objects.create(name="Big", stock=1, effects=[{"kind": "grant_points", "points": 500}])
    again = Prize.objects.create(name="Again", enabled=False, effects=[SPIN])
    deliver(chat("Bob", "!spin"))
    play("wheel")
    Prize.objects.filter(pk=again.pk).update(enabled=True)
    paid = balance()
    deliver(chat("Bob", "!spin"))
    assert "there is nothing to win on the wheel at the moment" in said[-1] and balance() == paid


def test_of_somebody_who_is_purged_nothing_more_is_shown(bob: Viewer, deliver: Deliver) -> None:
    sell("say", alert("first"), alert("{text}"))
    deliver(chat("Bob", "!say a nasty thing"))
    worker.drain("notification")
    assert control.cancel_waiting(bob, "it was taken out", by="mo") == 1
    worker.drain("notification")
    assert texts(*State) == ["first"] and balance() == 1000


def wait_then_give() -> None:
    """Bob buys 500 points that come after a pause, for 100; the pause is over."""
    sell("later", {"kind": "wait", "seconds": 1}, {"kind": "grant_points", "points": 500})
    purchase.buy(viewer=Viewer.objects.get(key="bob"), key="later", words="", reference="later", rules=Rules.current(),
                 now=timezone.now())  # fmt: skip
    QueueItem.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.usefixtures("bob")
def test_what_was_cancelled_after_a_worker_claimed_it_is_not_performed() -> None:
    wait_then_give()
    claimed = worker.claim(INSTANT)
    assert claimed is not None and control.cancel(QueueItem.objects.get(pk=claimed.pk), by="mo")
    items.perform(claimed)
    assert balance() == 1000 and not QueueItem.objects.exclude(state__in=ENDED).exists()


@pytest.mark.usefixtures("bob")
def test_a_worker_that_was_frozen_performs_nothing_that_another_has() -> None:
    wait_then_give()
    stale = worker.claim(INSTANT)
    QueueItem.objects.filter(state=State.RUNNING).update(lease_until=timezone.now() - timedelta(seconds=1))
    rescue.rescue()
    fresh = worker.claim(INSTANT)
    assert stale is not None and fresh is not None and stale.pk == fresh.pk
    items.perform(stale)  # it wakes up before the other is done
    assert balance() == 900
    items.perform(fresh)
    items.perform(stale)
    assert balance() == 1400


@pytest.mark.usefixtures("bob")
def test_a_spin_that_was_cancelled_after_a_worker_claimed_it_draws_nothing(deliver: Deliver) -> None:
    Prize.objects.create(name="500", stock=1, per_viewer_limit=1, effects=[{"kind": "grant_points", "points": 500}])
    sell("combo", SPIN)
    deliver(chat("Bob", "!combo"))
    claimed = worker.claim("wheel")
    assert claimed is not None and control.cancel(QueueItem.objects.get(pk=claimed.pk), by="mo")
    items.perform(claimed)
    assert balance() == 1000 and Prize.objects.get().stock == 1 and not Spin.objects.exists()


@pytest.mark.usefixtures("bob")
def test_what_was_kept_for_its_prize_counts_for_the_limits(deliver: Deliver, said: list[str]) -> None:
    Prize.objects.create(name="500", effects=[{"kind": "grant_points", "points": 500}])
    sell("double", SPIN, SPIN)
    Redeem.objects.filter(key="double").update(limit_per_viewer=1)
    deliver(chat("Bob", "!double"))
    control.cancel(QueueItem.objects.get(state=State.PENDING), by="mo")  # nothing was won yet: it goes back
    deliver(chat("Bob", "!double"))
    play("wheel")
    control.cancel(QueueItem.objects.get(state=State.PENDING), by="mo")
    deliver(chat("Bob", "!double"))
    assert balance() == 1000 - 100 + 500 and "only 1 ×" in said[-1]


@pytest.mark.usefixtures("bob")
def test_the_reply_names_the_points_that_are_left_after_what_it_gave(deliver: Deliver, said: list[str]) -> None:
    sell("gamble", {"kind": "grant_points", "points": 500})
    deliver(chat("Bob", "!gamble"))
    assert said == ["@Bob done. 1400 points left."] and balance() == 1400


@pytest.mark.parametrize("is_drawn", [True, False])
@pytest.mark.usefixtures("bob")
def test_the_dashboard_says_what_became_of_what_staff_cancel(
    is_drawn: bool, deliver: Deliver, admin_client: Client
) -> None:
    Prize.objects.create(name="500", effects=[{"kind": "grant_points", "points": 500}])
    sell("combo", SPIN)
    deliver(chat("Bob", "!combo"))
    if is_drawn:
        worker.drain("wheel")
    item = QueueItem.objects.get(kind="spin_wheel")
    page = admin_client.post(reverse("admin:effects_queue_item", args=[item.pk, "cancel"]), follow=True).text
    assert ("counts as done: what was drawn is the viewer" in page) == is_drawn == (balance() == 1400)
    assert ("cancelled: the points went back" in page) == (not is_drawn) == (balance() == 1000)


@pytest.mark.usefixtures("bob")
def test_of_a_draw_and_a_cancel_at_the_same_moment_one_counts(deliver: Deliver) -> None:
    Prize.objects.create(name="500", effects=[{"kind": "grant_points", "points": 500}])
    sell("combo", SPIN)
    kept = 0
    for turn in range(1, 31):
        deliver(chat("Bob", "!combo"))
        claimed = worker.claim("wheel")
        assert claimed is not None
        seen = QueueItem.objects.get(pk=claimed.pk)
        answers = at_once(
            2,
            lambda number: control.cancel(seen, by="mo") if number else items.perform(claimed),  # noqa: B023
        )
        assert not [answer for answer in answers if isinstance(answer, Exception)], answers
        items.finish(claimed.pk, claimed.attempts)  # where the cancel did nothing
        kept += Spin.objects.filter(item=claimed.pk).exists()
        assert balance() == 1000 + kept * 400, f"in turn {turn}"
