"""The API's endpoints of redeems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from economy.models import Points, Viewer
from effects.models import Purchase, QueueItem
from pixelbot_site.kit.api import Scope
from redeems import purchase
from redeems.models import Redeem

Call = Callable[..., Any]
Make = Callable[..., Viewer]


@pytest.fixture(autouse=True)
def seeded(stage: None) -> None:
    """The rows of the catalog, and an overlay, without which they would not be sold."""
    purchase.seed()


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"title": "x" * 101},
        {"title": "nul \x00"},
        {"cost": 2**31},
        {"stock": -1},
        {"limit_per_viewer": "many"},
        {"priority": 1001},
        {"least_role": 99},
        {"approval": "sometimes"},
        {"pricing": "hour"},
    ],
    ids=str,
)
def test_a_change_that_does_not_fit_changes_nothing(call: Call, change: dict[str, Any]) -> None:
    before = Redeem.objects.values().get(key="tts")
    answer = call("patch", "/redeems/tts", {"enabled": False, **change})
    assert answer.status_code == 422 and next(iter(change)) in answer.json()["errors"][0]
    assert Redeem.objects.values().get(key="tts") == before


def test_null_clears_a_limit_and_leaves_a_field_that_needs_a_value(call: Call) -> None:
    Redeem.objects.filter(key="tts").update(stock=3, limit_per_stream=4, limit_per_viewer=5, cooldown_seconds=6, cost=7)
    cleared = dict.fromkeys(["stock", "limit_per_stream", "limit_per_viewer", "cooldown_seconds", "cost", "title"])
    answer = call("patch", "/redeems/tts", cleared).json()
    assert [answer[name] for name in cleared] == [None, None, None, None, 7, "Speak a line"]


def test_changing_a_price_does_not_write_a_stock_that_sold_meanwhile(call: Call, monkeypatch: Any) -> None:
    Redeem.objects.filter(key="clip").update(stock=3)
    save = Redeem.save

    def sell_first(row: Redeem, **options: Any) -> None:
        Redeem.objects.filter(key="clip").update(stock=2)
        save(row, **options)

    monkeypatch.setattr(Redeem, "save", sell_first)
    call("patch", "/redeems/clip", {"cost": 9})
    call("post", "/redeems/clip/toggle")
    assert Redeem.objects.values_list("cost", "stock", "enabled").get(key="clip") == (9, 2, False)


@pytest.mark.parametrize("key", ["nosuch", "%00", "TTS"])
def test_a_key_that_does_not_exist_is_not_found(call: Call, key: str) -> None:
    assert call("patch", f"/redeems/{key}", {"cost": 1}).status_code == 404
    assert call("post", f"/redeems/{key}/toggle").status_code == 404


def test_each_endpoint_needs_its_scope(call: Call, token: Callable[..., str], viewer: Make) -> None:
    viewer("Bob", points=100)
    order = {"viewer": "Bob", "text": "hello"}
    asked = [
        (Scope.READ, "get", "/redeems", None),
        (Scope.ADMIN, "patch", "/redeems/tts", {"cost": 26}),
        (Scope.ADMIN, "post", "/redeems/tts/toggle", None),
        (Scope.POINTS, "post", "/redeems/clip/buy", order),
    ]
    for scope, method, path, body in asked:
        others = token(*[other for other in Scope if other != scope])
        answer = call(method, path, body, bearer=others)
        assert (answer.status_code, answer.json()["detail"]) == (403, f"This needs the scope {scope}.")
        assert call(method, path, body, bearer=token(scope)).status_code == 200


def test_a_refused_purchase_answers_with_the_reason_and_takes_nothing(call: Call, viewer: Make) -> None:
    bob = viewer("Bob", points=10)
    answer = call("post", "/redeems/tts/buy", {"viewer": "Bob", "text": "hello"})
    assert answer.status_code == 409
    assert answer.json() == {"detail": "you need 15 more points (you have 10).", "errors": []}
    assert Points.objects.get(viewer=bob).balance == 10
    assert not Purchase.objects.exists() and not QueueItem.objects.exists()


def test_a_purchase_answers_with_its_item_and_what_is_left(call: Call, viewer: Make) -> None:
    bob = viewer("Bob", points=60)
    answer = call("post", "/redeems/tts/buy", {"viewer": "@bob", "text": "  hello  "}).json()
    item = QueueItem.objects.get(pk=answer["item_id"])
    assert (answer["state"], answer["balance"], item.payload["text"], item.viewer) == ("pending", 35, "hello", bob)
    assert item.purchase is not None and item.purchase.redeem == "tts"


def test_a_gift_ignores_price_and_switch_and_is_no_purchase(call: Call, viewer: Make) -> None:
    viewer("Bob")
    Redeem.objects.filter(key="tts").update(enabled=False, cost=10**6)
    order = {"viewer": "Bob", "text": "hello"}
    assert call("post", "/redeems/tts/buy", order).status_code == 409
    assert call("post", "/redeems/tts/buy", {**order, "free": True}).json()["balance"] == 0
    assert not Purchase.objects.exists()


def test_what_waits_for_approval_is_answered_as_waiting(call: Call, viewer: Make) -> None:
    viewer("Bob", points=60)
    call("patch", "/redeems/tts", {"approval": "always"})
    assert call("post", "/redeems/tts/buy", {"viewer": "Bob", "text": "hi"}).json()["state"] == "waiting"
