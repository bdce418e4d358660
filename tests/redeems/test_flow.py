"""What is sold of a redeem that has pauses, choices and conditions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from economy.models import Points
from effects.models import QueueItem, State
from effects.queue import worker
from joystick.settings_table import Rules
from pixelbot_site.kit.errors import Refused
from redeems import purchase
from redeems.models import Pricing, Redeem

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken")]

ALERT = {"kind": "alert", "text": "{text}"}
LINE = {"kind": "chat_line", "text": "hi {user}"}
Order = Callable[..., QueueItem]


def redeem(*effects: dict[str, Any], **more: Any) -> Redeem:
    return Redeem.objects.create(key="own", title="Own", cost=7, effects=list(effects), **more)


def one(*lists: list[Any]) -> dict[str, Any]:
    return {"kind": "one_of", "choices": [{"effects": steps} for steps in lists]}


def balance() -> int:
    return Points.objects.get(viewer__key="bob").balance


@pytest.mark.parametrize(
    ("effect", "is_sold"),
    [
        (one([ALERT], [LINE]), True),
        (one([ALERT]), False),
        ({"kind": "only_if", "effects": [ALERT], "least_level": 2}, True),
        ({"kind": "only_if", "effects": [ALERT], "otherwise": [ALERT]}, False),
    ],
)
def test_without_an_overlay_only_what_can_happen_in_some_way_is_sold(
    order: Order, effect: dict[str, Any], is_sold: bool
) -> None:
    row = redeem(effect)
    assert purchase.can_happen(row) is is_sold
    if is_sold:
        order("own", "x")
        assert balance() in (993, 1000)  # what was drawn may be what can't happen
    else:
        with pytest.raises(Refused):
            order("own", "x")
        assert balance() == 1000


@pytest.mark.usefixtures("stage")
def test_placeholders_are_filled_at_every_depth_and_checked(order: Order) -> None:
    redeem({"kind": "wait", "seconds": 0.1}, one([{"kind": "only_if", "effects": [ALERT]}]))
    bought = order("own", "hello")
    assert bought.title == "Own"
    later = QueueItem.objects.get(state=State.PENDING)
    assert later.payload["effects"][0]["choices"][0]["effects"][0]["effects"] == [{**ALERT, "text": "hello"}]
    with pytest.raises(Refused, match="write some words with it: !own"):
        order("own", who="Ann")


@pytest.mark.usefixtures("stage")
def test_a_price_by_the_second_counts_pauses_and_the_longest_list(order: Order) -> None:
    wait = {"kind": "wait", "seconds": 3}
    redeem(wait, one([{**ALERT, "seconds": 2}], [{**ALERT, "seconds": 5}]), pricing=Pricing.SECOND)
    order("own", "x")
    assert balance() == 1000 - 8 * 7


@pytest.mark.usefixtures("stage")
def test_what_waits_for_its_time_fills_the_lane(order: Order, rules: Rules) -> None:
    rules = replace(rules, effect_queue_max=1)
    redeem({"kind": "wait", "seconds": 60}, ALERT)
    order("own", "x", rules=rules)
    with pytest.raises(Refused, match="the queue is full"):
        order("own", "x", who="Ann", rules=rules)


@pytest.mark.usefixtures("stage")
def test_each_stored_turn_has_a_counter_of_its_own_that_stays(order: Order) -> None:
    turns = {"kind": "one_of", "how": "in turn", "choices": [{"effects": [LINE]}, {"effects": []}]}
    row = redeem(one([dict(turns)]), turns)
    counters = [row.effects[0]["choices"][0]["effects"][0]["counter"], row.effects[1]["counter"]]
    row.refresh_from_db()
    assert row.effects[1]["counter"] == counters[1] and len({*counters, row.effects[0]["counter"]}) == 3
    row.effects.append(dict(row.effects[1]))  # as the button “Duplicate” does
    row.save()
    row.refresh_from_db()
    assert row.effects[1]["counter"] == counters[1] != row.effects[2]["counter"]
    assert "counter" not in turns


def test_bought_in_turn_each_list_comes_once(order: Order, said: list[str]) -> None:
    lists = [{"effects": [{"kind": "chat_line", "text": text}]} for text in "abc"]
    redeem({"kind": "one_of", "how": "in turn", "choices": lists})
    for _ in range(4):
        order("own")
        worker.drain("")
    assert said == ["a", "b", "c", "a"]
