"""Buying: every check, the points and the queue item at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError

from economy.models import Cooldown, Points, Transaction, Viewer
from effects.models import QueueItem, State
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.rules import Rules
from redeems import purchase
from redeems.models import Redeem
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lanes: list[str] = []
    monkeypatch.setattr("effects.tasks.wake", lanes.append)
    return lanes


@pytest.fixture
def buy(viewer: Callable[..., Viewer], rules: Rules, now: datetime) -> Callable[..., QueueItem]:
    """Bob, with 100 points, buys `!tts`."""
    bob = viewer("Bob", points=100)
    purchase.seed()
    count = iter(range(1000))

    def it(words: str = "hello", *, who: Viewer = bob, at: float = 0, **changed: object) -> QueueItem:
        return purchase.buy(
            viewer=who,
            key="tts",
            words=words,
            reference=f"message-{next(count)}",
            rules=replace(rules, **changed),  # type: ignore[arg-type]
            now=now + timedelta(seconds=at),
        )

    return it


def nothing_was_taken(points: int = 100) -> bool:
    return Points.objects.get(viewer__key="bob").balance == points and not Cooldown.objects.exists()


def test_it_takes_the_points_and_enqueues(buy: Callable[..., QueueItem]) -> None:
    item = buy("hello   there\n friend")
    assert (item.kind, item.lane, item.state) == ("speak", "tts", State.PENDING)
    assert item.payload == {"text": "hello there friend", "source": "redeem"}
    assert item.payment is not None
    assert (item.payment.delta, item.payment.balance_after, item.payment.source) == (-25, 75, "redeem")


def test_too_few_points(buy: Callable[..., QueueItem]) -> None:
    Redeem.objects.update(cost=175)
    with pytest.raises(Refused, match=r"you need 75 more points \(you have 100\)"):
        buy()
    assert nothing_was_taken()


def test_switched_off(buy: Callable[..., QueueItem]) -> None:
    Redeem.objects.update(enabled=False)
    with pytest.raises(Refused, match="switched off"):
        buy()
    assert nothing_was_taken()


def test_cooling_down_names_the_seconds_and_costs_nothing(buy: Callable[..., QueueItem]) -> None:
    buy()
    with pytest.raises(Refused, match="cooling down, 7 s left"):
        buy(at=3)
    assert Points.objects.get(viewer__key="bob").balance == 75
    buy(at=10)


def test_the_rows_cooldown_wins_over_the_setting(buy: Callable[..., QueueItem]) -> None:
    Redeem.objects.update(cooldown_seconds=0)
    buy()
    buy()


def test_the_global_cooldown_holds_everybody(buy: Callable[..., QueueItem], viewer: Callable[..., Viewer]) -> None:
    Redeem.objects.update(global_cooldown_seconds=30)
    buy()
    with pytest.raises(Refused, match="30 s left"):
        buy(who=viewer("Ann", points=100))


def test_a_full_queue_refuses_before_paying(buy: Callable[..., QueueItem]) -> None:
    for at in (0, 10):
        buy(at=at, tts_queue_max=2)
    with pytest.raises(Refused, match=r"full \(2 waiting\)"):
        buy(at=20, tts_queue_max=2)
    assert Points.objects.get(viewer__key="bob").balance == 50


@pytest.mark.parametrize("words", ["", "   ", "!!! ... 😂"])
def test_nothing_to_say(buy: Callable[..., QueueItem], words: str) -> None:
    with pytest.raises(Refused, match="write what to say"):
        buy(words)
    assert nothing_was_taken()


def test_too_much_to_say(buy: Callable[..., QueueItem]) -> None:
    with pytest.raises(Refused, match="301 characters long, 300 are the most"):
        buy("x" * 301)
    assert nothing_was_taken()


def test_what_does_not_exist(
    buy: Callable[..., QueueItem], viewer: Callable[..., Viewer], rules: Rules, now: datetime
) -> None:
    with pytest.raises(Refused, match="no redeem called fireworks"):
        purchase.buy(viewer=viewer("Bob"), key="fireworks", words="", reference="m", rules=rules, now=now)


def test_free_ones_need_no_payment(buy: Callable[..., QueueItem]) -> None:
    Redeem.objects.update(cost=0)
    assert buy().payment is None


def test_one_message_buys_once(viewer: Callable[..., Viewer], rules: Rules, now: datetime) -> None:
    purchase.seed()
    Redeem.objects.update(cooldown_seconds=0)
    bob = viewer("Bob", points=100)
    purchase.buy(viewer=bob, key="tts", words="hello", reference="m-1", rules=rules, now=now)
    with pytest.raises(IntegrityError):
        purchase.buy(viewer=bob, key="tts", words="hello", reference="m-1", rules=rules, now=now)


@pytest.mark.django_db(transaction=True)
def test_eight_purchases_at_once_of_who_can_pay_three(buy: Callable[..., QueueItem]) -> None:
    Redeem.objects.update(cost=30, cooldown_seconds=0)
    results = at_once(8, lambda n: buy(f"line {n}", tts_queue_max=100))
    assert sum(isinstance(result, QueueItem) for result in results) == 3
    assert sum(isinstance(result, Refused) for result in results) == 5
    assert Points.objects.get(viewer__key="bob").balance == 10
    assert Transaction.objects.filter(kind="spend").count() == QueueItem.objects.count() == 3


def test_seeding_keeps_what_the_streamer_changed(db: None) -> None:
    purchase.seed()
    Redeem.objects.filter(key="tts").update(cost=7, title="Say it")
    purchase.seed()
    assert (Redeem.objects.get(key="tts").cost, Redeem.objects.get(key="tts").title) == (7, "Say it")
