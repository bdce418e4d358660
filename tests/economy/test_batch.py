"""The same change for many: previewed, once, in pieces, and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from economy import tasks
from economy.batches import batch
from economy.batches.pieces import Preview
from economy.batches.target import Target
from economy.ledger import audit, points, xp
from economy.ledger.accounts import MAX_BALANCE
from economy.ledger.currencies import ledger_of
from economy.models import XP, Batch, BatchState, Points, Transaction, Viewer, XPTransaction
from economy.viewers import merging, presence
from pixelbot_site.kit.errors import Refused
from tests.threads import at_once

pytestmark = pytest.mark.django_db

Make = Callable[..., Viewer]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few viewers are several pieces."""
    monkeypatch.setattr(batch, "PIECE", 2)
    monkeypatch.setattr(batch, "GAP", 0)


@pytest.fixture
def people(viewer: Make) -> list[Viewer]:
    """Five, with 0, 10, 20, 30, 40 points."""
    return [viewer(f"viewer{number}", points=10 * number) for number in range(5)]


def balances() -> list[int]:
    return list(Points.objects.order_by("pk").values_list("balance", flat=True))


def do(operation: str, amount: int, *, currency: str = "points", target: Target = Target(), **more: Any) -> Batch:  # noqa: B008
    planned = batch.plan(currency, operation, amount, target=target, **more)
    told = batch.preview(planned)
    done = batch.run(planned)
    assert (told.viewers, told.changed) == (done.total, done.changed)
    assert list(audit.findings()) == []
    return done


def test_adding_gives_everybody_the_same(people: list[Viewer]) -> None:
    done = do("add", 5, reason="raffle", by="fox")
    assert balances() == [5, 15, 25, 35, 45]
    assert batch.result(done) == {
        "ok": True,
        "batch": done.pk,
        "state": "done",
        "total_users": 5,
        "success": 5,
        "failed": 0,
        "errors": [],
        "level_ups": 0,
    }
    row = Transaction.objects.latest("pk")
    assert (row.kind, row.reason, row.by, row.reference) == (
        "adjust",
        "raffle",
        "fox",
        f"batch:{done.pk}:{people[4].pk}",
    )


def test_subtracting_stops_at_zero_or_leaves_out(people: list[Viewer]) -> None:
    assert batch.preview(batch.plan("points", "subtract", 15, target=Target())) == Preview(5, -10 - 45, 2)
    done = do("subtract", 15)
    assert balances() == [0, 0, 5, 15, 25]
    assert (done.success, done.failed) == (4, 1)
    assert batch.result(done)["errors"] == ["viewer0: had no points"]
    done = do("subtract", 10, skips=True)
    assert balances() == [0, 0, 5, 5, 15]
    assert batch.result(done)["errors"] == [f"viewer{n}: had less than 10 points" for n in range(3)]


def test_setting_makes_all_alike(people: list[Viewer]) -> None:
    done = do("set", 20)
    assert balances() == [20] * 5
    assert (done.success, done.failed, done.changed) == (4, 1, 0)
    do("set", 0)
    assert balances() == [0] * 5


def test_a_batch_pays_once_however_often_it_is_pressed(people: list[Viewer]) -> None:
    key = uuid4()
    first = batch.plan("points", "add", 5, target=Target(), key=key)
    again = batch.plan("points", "add", 5, target=Target(), key=key)
    assert again == first
    one = batch.plan("points", "add", 5, target=Target(ids=(people[0].pk,)), key=uuid4())
    assert batch.plan("points", "add", 5, target=Target(ids=(people[0].pk,)), key=one.key) == one
    with pytest.raises(Refused, match="for something else"):
        batch.plan("points", "add", 5, target=Target(ids=(people[1].pk,)), key=one.key)
    assert batch.start(first) and not batch.start(again)
    batch.run(first)
    batch.run(again)
    assert balances() == [5, 15, 25, 35, 45]


def test_a_batch_is_taken_back_as_a_whole_and_once(people: list[Viewer]) -> None:
    done = do("add", 5)
    points.spend(people[0], 4, source="redeem", reference="r:1")
    points.reverse(Transaction.objects.get(reference=f"batch:{done.pk}:{people[4].pk}"))
    assert batch.preview(batch.plan_reversal(done, by="fox")).too_little == 1
    back = batch.run(batch.plan_reversal(done, by="fox"))
    assert balances() == [0, 10, 20, 30, 40]  # of the first, who spent four, the one point that was left
    assert (back.total, back.success, back.failed, back.changed) == (5, 4, 1, -16)
    assert batch.run(batch.plan_reversal(done)).pk == back.pk
    assert balances() == [0, 10, 20, 30, 40]
    assert list(audit.findings()) == []
    with pytest.raises(Refused, match="only a batch that is done"):
        batch.plan_reversal(back)


def test_a_part_of_a_batch_that_was_taken_back_by_itself_is_not_taken_back_again(people: list[Viewer]) -> None:
    done = do("add", 5)
    batch.run(batch.plan_reversal(done))
    row = Transaction.objects.get(reference=f"batch:{done.pk}:{people[4].pk}")
    assert points.reverse(row).reference == f"batch:{done.reversed_by.pk}:{people[4].pk}"
    assert balances() == [0, 10, 20, 30, 40]


def test_xp_goes_up_and_down_with_levels_and_without_rewards(people: list[Viewer]) -> None:
    done = do("add", 100, currency="xp")
    assert (done.level_ups, set(XP.objects.values_list("total", "level", "rewarded_level"))) == (5, {(100, 2, 1)})
    batch.run(batch.plan_reversal(done))
    assert set(XP.objects.values_list("total", "level")) == {(0, 1)}
    assert XPTransaction.objects.count() == 10
    assert list(audit.findings()) == []


def test_whom_a_batch_is_about(people: list[Viewer]) -> None:
    now = timezone.now()
    Viewer.objects.update(last_seen_at=now - timedelta(days=30))
    Viewer.objects.filter(pk=people[0].pk).update(last_seen_at=now)
    Viewer.objects.filter(pk=people[1].pk).update(is_subscriber=True)
    presence.mark(here=[people[2]], gone=[], seconds=60, now=now)
    level = xp.adjust(people[3], 5000, source="test", reference="x").level_after
    Viewer.objects.filter(pk=people[4].pk).update(merged_into=people[0])
    for target, who in {
        Target(): [0, 1, 2, 3],
        Target(ids=(people[1].pk, people[4].pk, 999)): [1],
        Target(seen_within_days=7): [0],
        Target(subscribers=True): [1],
        Target(present=True): [2],
        Target(least_level=level): [3],
        Target(least_level=level + 1): [],
        Target(subscribers=True, present=True): [],
    }.items():
        assert list(target.viewers(now=now).order_by("pk")) == [people[number] for number in who]
        assert Target(**batch.plan("points", "add", 1, target=target).target).viewers(now=now).count() == len(who)


def test_a_bad_amount_is_an_error(people: list[Viewer]) -> None:
    for operation, amount in (("add", 0), ("add", -1), ("subtract", 2**63), ("set", -1), ("add", 1.5)):
        with pytest.raises(ValueError, match=str(amount)):
            batch.plan("points", operation, amount, target=Target())  # type: ignore[arg-type]


def test_viewers_who_come_while_it_runs_are_left_out(people: list[Viewer], viewer: Make) -> None:
    planned = batch.plan("points", "add", 5, target=Target())
    batch.start(planned)
    batch.step(planned.pk)
    viewer("Late")
    batch.run(planned)
    assert Points.objects.get(viewer__key="late").balance == 0


def test_a_worker_who_died_in_the_middle_is_followed_by_another(people: list[Viewer]) -> None:
    planned = batch.plan("points", "add", 5, target=Target())
    batch.start(planned)
    assert batch.step(planned.pk)
    Batch.objects.update(lease_until=timezone.now() + timedelta(seconds=50))  # somebody works on it
    assert not batch.step(planned.pk) and batch.unfinished() == []
    Batch.objects.update(lease_until=timezone.now())  # and died
    assert batch.unfinished() == [planned.pk]
    assert batch.run(planned).state == BatchState.DONE
    assert balances() == [5, 15, 25, 35, 45]


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_one_batch_and_spenders_in_between(viewer: Make) -> None:
    people = [viewer(f"viewer{number}", points=10) for number in range(20)]
    planned = batch.plan("points", "add", 5, target=Target())
    batch.start(planned)

    def work(number: int) -> None:
        if number < 4:
            for _ in range(50):
                batch.step(planned.pk)
        else:
            for one in people:
                points.spend(one, 1, source="redeem", reference=f"r:{number}:{one.pk}")

    assert at_once(8, work) == [None] * 8
    assert batch.run(planned).success == 20
    assert balances() == [11] * 20
    assert list(audit.findings()) == []


def test_seen_today_means_today(people: list[Viewer]) -> None:
    Viewer.objects.update(last_seen_at=timezone.now() - timedelta(days=1))
    assert batch.preview(batch.plan("points", "add", 1, target=Target(seen_within_days=0))).viewers == 0


def test_what_could_overflow_is_not_even_planned(people: list[Viewer]) -> None:
    with pytest.raises(ValueError, match=f"to {MAX_BALANCE}, not"):
        batch.plan("points", "set", MAX_BALANCE + 1, target=Target())
    assert do("set", MAX_BALANCE).success == 5
    assert Points.objects.aggregate(total=Sum("balance"))["total"] == 5 * MAX_BALANCE


def test_nobody_is_brought_beyond_the_most(people: list[Viewer]) -> None:
    points.adjust(people[4], MAX_BALANCE - 44, source="test", reference="x")
    taken = do("subtract", 3)
    points.grant(people[4], 2, source="test", reference="y")
    assert do("add", 6).failed == 1
    assert balances() == [6, 13, 23, 33, MAX_BALANCE - 5]
    points.grant(people[4], 4, source="test", reference="z")
    assert batch.run(batch.plan_reversal(taken)).changed == 3 * 3 + 1
    assert balances() == [6, 16, 26, 36, MAX_BALANCE]
    assert list(audit.findings()) == []


@pytest.mark.parametrize("currency", ["points", "xp"])
def test_what_a_reversal_gives_back_follows_the_heir(people: list[Viewer], currency: str) -> None:
    for one in people:
        xp.adjust(one, 10, source="test", reference=f"x:{one.pk}")
    taken = do("subtract", 5, currency=currency)
    merging.merge(people[4], people[1])
    batch.run(batch.plan_reversal(taken))
    assert balances() == [0, 50, 20, 30, 0]
    assert list(XP.objects.order_by("pk").values_list("total", flat=True)) == [10, 20, 10, 10, 0]
    assert list(audit.findings()) == []


@pytest.mark.parametrize("currency", ["points", "xp"])
def test_what_a_batch_gave_is_fetched_from_the_heir_when_it_is_taken_back(people: list[Viewer], currency: str) -> None:
    done = do("add", 5, currency=currency)
    merging.merge(people[4], people[3])
    merging.merge(people[3], people[1])
    back = batch.run(batch.plan_reversal(done))
    assert (back.success, back.failed, back.changed) == (5, 0, -25)
    assert balances() == [0, 10 + 30 + 40, 20, 0, 0]
    assert set(XP.objects.values_list("total", flat=True)) == {0}
    assert list(audit.findings()) == []


@pytest.mark.parametrize("currency", ["points", "xp"])
def test_who_had_nothing_when_a_batch_was_taken_back_is_named_and_it_can_be_tried_again(
    people: list[Viewer], currency: str
) -> None:
    ledger = ledger_of(currency)
    done = do("add", 5, currency=currency)
    merging.merge(people[4], people[3])
    amounts = {one.pk: ledger.balances.objects.get(pk=one.pk) for one in people}
    for one in (people[0], people[3]):
        everything = getattr(amounts[one.pk], ledger.column)
        (points if currency == "points" else xp).adjust(one, -everything, source="test", reference=f"taken:{one.pk}")
    back = batch.run(batch.plan_reversal(done))
    told = batch.result(back)
    noun = "points" if currency == "points" else "XP"
    assert told["errors"] == [f"viewer{number}: had no {noun} left" for number in (0, 3, 4)]
    assert (back.success, back.failed) == (2, 3)
    assert batch.run(back).failed == 3  # still nothing there
    (points if currency == "points" else xp).adjust(people[3], 12, source="test", reference="there again")
    again = batch.run(batch.plan_reversal(done))
    assert (again.pk, again.state, again.success, again.failed, again.done) == (back.pk, BatchState.DONE, 4, 1, 5)
    assert batch.result(again)["errors"] == [f"viewer0: had no {noun} left"]
    assert getattr(ledger.balances.objects.get(pk=people[3].pk), ledger.column) == 2
    assert again.changed == -20
    assert list(audit.findings()) == []


def test_a_reversal_that_left_nobody_out_is_not_started_again(people: list[Viewer]) -> None:
    done = do("add", 5)
    points.reverse(Transaction.objects.get(reference=f"batch:{done.pk}:{people[4].pk}"))
    back = batch.run(batch.plan_reversal(done))
    assert back.failed == 1  # taken back by itself before: nothing is left to be tried
    assert not batch.start(back) and batch.result(back)["errors"] == []


def test_the_dashboard_names_who_was_left_out_and_tries_them_again(
    people: list[Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.batch_step, "delay", lambda pk: batch.run(Batch.objects.get(pk=pk)))
    fox = Client()
    fox.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    done = do("add", 5)
    points.spend(people[0], 5, source="redeem", reference="r:1")
    back = batch.run(batch.plan_reversal(done))
    page = fox.get(f"/admin/economy/batch/{back.pk}/change/").content.decode()
    assert "Nothing could be taken back from: viewer0." in page and "Try those left out again" in page
    points.grant(people[0], 7, source="test", reference="t:1")
    page = fox.post(f"/admin/economy/batch/{back.pk}/run/", follow=True).content.decode()
    assert balances() == [2, 10, 20, 30, 40]
    assert "taken back from" not in page and "again" not in page


def test_a_batch_that_is_not_done_can_not_be_taken_back(people: list[Viewer]) -> None:
    planned = batch.plan("points", "add", 5, target=Target())
    with pytest.raises(Refused, match="only a batch that is done"):
        batch.plan_reversal(planned)
    batch.start(planned)
    batch.step(planned.pk)
    planned.refresh_from_db()
    with pytest.raises(Refused, match="only a batch that is done"):
        batch.plan_reversal(planned)
    assert balances() == [5, 15, 20, 30, 40]
