"""What the API's endpoints do."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from economy.earning.pay import Award, pay
from economy.ledger import audit
from economy.ledger import points as ledger
from economy.ledger.accounts import Row
from economy.models import Batch, Points, Transaction, TransactionKind, Viewer
from economy.viewers import merging
from effects import wheel
from effects.media import sounds
from effects.models import Purchase
from effects.queue import items
from effects.registry.values import speak
from joystick.channel import streams
from joystick.models import Install
from redeems import purchase

Call = Callable[..., Any]
Make = Callable[..., Viewer]


def test_viewers_are_found_by_id_name_and_beginning(call: Call, viewer: Make) -> None:
    bob, _ = viewer("Bob", points=7), viewer("Bobby")
    viewer("Ann")
    assert [found["username"] for found in call("get", "/viewers?search=BO").json()["results"]] == ["Bobby", "Bob"]
    for path in (f"/viewers/{bob.pk}", "/viewers/bOB", "/viewers/@Bob"):
        answer = call("get", path).json()
        assert (answer["id"], answer["points"], answer["xp"], answer["level"]) == (bob.pk, 7, 0, 1)
    assert call("get", "/viewers/nobody").json() == {"detail": "There is no such thing.", "errors": []}


def test_a_list_goes_on_at_the_next_page_whatever_comes_in_meanwhile(call: Call, viewer: Make) -> None:
    def names(page: Any) -> list[str]:
        return [row["username"] for row in page["results"]]

    def follow(link: str) -> Any:
        return call("get", link.removeprefix("http://testserver/admin/api")).json()

    for number in range(5):
        viewer(f"viewer{number}")
    first = call("get", "/viewers?page_size=2&search=viewer").json()
    assert (names(first), first["previous"]) == (["viewer4", "viewer3"], None)
    viewer("viewer5")
    second = follow(first["next"])
    last = follow(second["next"])
    assert (names(second), names(last), last["next"]) == (["viewer2", "viewer1"], ["viewer0"], None)
    assert names(follow(second["previous"])) == ["viewer4", "viewer3"]


@pytest.mark.parametrize(
    "cursor", ["%", "x", "ü", "p=abc", "p=-1", "p=1%00", "p=1&o=x", "p=1&o=-1", "p=1&o=999999", "r=x"]
)
def test_what_is_no_cursor_is_told_so(call: Call, viewer: Make, cursor: str) -> None:
    viewer("Bob")
    for asked in (cursor, b64encode(cursor.encode()).decode()):
        answer = call("get", f"/viewers?cursor={quote(asked)}")
        # Without one of a cursor's keys it is the beginning.
        assert answer.status_code == 422 or (answer.status_code == 200 and "=" not in cursor), asked


def test_a_cursor_beyond_every_row_finds_none_or_all(call: Call, viewer: Make) -> None:
    viewer("Bob")
    for cursor, count in (("p=9999999999999999999", 1), ("p=9999999999999999999&r=1", 0), ("p=0", 0)):
        page = call("get", f"/viewers?cursor={quote(b64encode(cursor.encode()).decode())}").json()
        assert len(page["results"]) == count


def test_a_page_asks_for_its_own_rows_only(call: Call, viewer: Make) -> None:
    """Nothing is counted, and no row is read that is not shown, but the one that tells where the next page begins."""
    for number in range(5):
        viewer(f"viewer{number}")
    with CaptureQueriesContext(connection) as queries:
        call("get", "/viewers?page_size=2")
    selects = [query["sql"] for query in queries if 'FROM "economy_viewer"' in query["sql"]]
    assert len(selects) == 1 and selects[0].endswith('ORDER BY "economy_viewer"."id" DESC LIMIT 3')


def test_points_and_xp_change_once_for_a_key_and_say_who(call: Call, viewer: Make) -> None:
    bob, key = viewer("Bob", points=10), str(uuid4())
    answer = call("post", f"/viewers/{bob.pk}/points", {"delta": -4, "reason": "oops", "key": key})
    assert (answer.status_code, answer.json()["balance_after"], answer.json()["by"]) == (200, 6, "token token 0")
    assert call("post", f"/viewers/{bob.pk}/points", {"delta": -4, "key": key}).status_code == 409
    answer = call("post", f"/viewers/{bob.pk}/points", {"delta": -7})
    assert (answer.status_code, answer.json()["detail"]) == (409, "you need 1 more point (you have 6).")
    assert call("post", f"/viewers/{bob.pk}/points", {"delta": 0}).status_code == 422
    answer = call("post", f"/viewers/{bob.pk}/xp", {"delta": 150})
    assert (answer.json()["total_after"], answer.json()["level_after"]) == (150, 2)
    assert call("post", f"/viewers/{bob.pk}/xp", {"delta": -999}).json()["total_after"] == 0
    assert call("post", f"/viewers/{bob.pk}/xp", {"delta": -1}).status_code == 409
    assert call("post", "/viewers/999/points", {"delta": 1}).status_code == 404
    assert list(audit.findings()) == []


def test_old_rows_are_found_by_their_ids(call: Call, viewer: Make) -> None:
    bob = viewer("Bob")
    for year in (2025, 2026):
        held = Points.objects.get(pk=bob.pk).balance
        row = Row(bob.pk, 1, held + 1, "chat", f"chat:{year}", datetime(year, 1, 1, tzinfo=UTC))
        ledger.write_rows([row], kind=TransactionKind.GRANT)
    with CaptureQueriesContext(connection) as asked:
        (found,) = call("get", "/transactions?until=2025-06-01T00:00:00Z").json()["results"]
    newest = Transaction.objects.latest("pk").pk
    assert found["id"] < newest
    assert any(f'"economy_transaction"."id" <= {newest}' in query["sql"] for query in asked)


def test_the_ledgers_by_viewer_kind_and_time(call: Call, viewer: Make, rules: Any, now: Any) -> None:
    bob = viewer("Bob")
    pay([Award("Bob", "tip", "1", points=3, xp=2)], rules=rules, now=now)
    ledger.grant(bob, 10, source="test", reference="test:1")
    viewer("Ann", points=5)
    spent = ledger.spend(bob, 4, source="redeem", reference="r:1")
    assert [row["delta"] for row in call("get", f"/transactions?viewer={bob.pk}").json()["results"]] == [-4, 10, 3]
    assert [row["delta"] for row in call("get", "/transactions?kind=spend").json()["results"]] == [-4]
    assert [row["event"] for row in call("get", "/transactions?source=tip").json()["results"]] == ["1"]
    assert [row["delta"] for row in call("get", "/transactions?until=2026-08-02T00:00:00Z").json()["results"]] == [3]
    assert [row["delta"] for row in call("get", "/xp-transactions").json()["results"]] == [2]
    back = call("post", f"/transactions/{spent.pk}/reverse").json()
    assert (back["delta"], back["kind"], back["undoes_id"]) == (4, "refund", spent.pk)
    assert call("post", f"/transactions/{back['id']}/reverse").status_code == 409


def test_the_leaderboard_leaves_bots_and_the_streamer_out(call: Call, viewer: Make) -> None:
    for name, points, flags in (
        ("Ann", 5, {}),
        ("Bob", 9, {}),
        ("Bot", 50, {"is_bot": True}),
        ("Fox", 70, {"is_streamer": True}),
    ):
        Viewer.objects.filter(pk=viewer(name, points=points).pk).update(**flags)
    assert [(row["place"], row["username"], row["amount"]) for row in call("get", "/leaderboard").json()] == [
        (1, "Bob", 9),
        (2, "Ann", 5),
    ]
    assert [row["username"] for row in call("get", "/leaderboard?days=1&limit=1").json()] == ["Bob"]
    assert call("get", "/leaderboard?by=xp").json() == []


def test_a_batch_is_previewed_and_runs_once(call: Call, viewer: Make) -> None:
    people = [viewer(f"viewer{number}", points=10 * number) for number in range(3)]
    asked = {"operation": "subtract", "amount": 15, "key": str(uuid4()), "below_zero": "skip", "target": "all"}
    told = call("post", "/users/batch-points", {**asked, "preview": True}).json()
    assert (told["total_users"], told["changed"], told["too_little"], told["state"]) == (3, -15, 2, "preview")
    done = call("post", "/users/batch-points", asked).json()
    assert (done["ok"], done["total_users"], done["success"], done["failed"]) == (True, 3, 1, 2)
    assert done["errors"] == ["viewer0: had less than 15 points", "viewer1: had less than 15 points"]
    assert call("post", "/users/batch-points", asked).json() == done
    other = {"operation": "add", "amount": 16, "below_zero": "clamp", "target": "ids", "ids": [people[0].pk]}
    for changed in ({"operation": "add"}, {"amount": 16}, {"below_zero": "clamp"}, other):
        answer = call("post", "/users/batch-points", {**asked, **changed})
        assert (answer.status_code, answer.json()["detail"]) == (409, "this key was used before, for something else.")
    assert call("post", "/users/batch-xp", asked).status_code == 409
    assert call("post", f"/batches/{done['batch']}/reverse").json()["changed"] == 15
    assert list(Points.objects.order_by("pk").values_list("balance", flat=True)) == [0, 10, 20]
    ups = call("post", "/users/batch-xp", {"operation": "add", "amount": 100, "target": "ids", "ids": [people[0].pk]})
    assert (ups.json()["total_users"], ups.json()["level_ups"]) == (1, 1)
    assert call("post", "/users/batch-points", {"operation": "add", "amount": 0, "target": "all"}).status_code == 422
    assert Batch.objects.count() == 3


def test_redeems_are_listed_switched_and_priced(call: Call) -> None:
    purchase.seed()
    keys = [row["key"] for row in call("get", "/redeems").json()]
    assert keys == ["clip", "pixel", "scene", "shoutout", "sound", "source", "spin", "tts"]
    assert call("post", "/redeems/tts/toggle").json()["enabled"] is False
    changed = call("patch", "/redeems/tts", {"cost": 30, "cooldown_seconds": 5}).json()
    assert (changed["cost"], changed["cooldown_seconds"], changed["title"]) == (30, 5, "Speak a line")
    assert call("patch", "/redeems/tts", {"cooldown_seconds": None}).json()["cooldown_seconds"] is None
    assert call("patch", "/redeems/tts", {"cost": -1}).status_code == 422
    assert call("post", "/redeems/nosuch/toggle").status_code == 404


@pytest.mark.usefixtures("stage")
def test_what_is_for_live_streams_only_is_bought_while_the_stream_is_live(call: Call, viewer: Make) -> None:
    purchase.seed()
    viewer("Bob", points=60)
    call("patch", "/redeems/shoutout", {"live_only": True})
    refused = call("post", "/redeems/shoutout/buy", {"viewer": "Bob", "text": "Bob"})
    assert refused.status_code == 409 and "only for while the stream is live" in refused.json()["detail"]
    streams.begin("a-channel", timezone.now())
    assert call("post", "/redeems/shoutout/buy", {"viewer": "Bob", "text": "Bob"}).json()["balance"] == 10


@pytest.mark.usefixtures("stage")
def test_a_redeem_is_bought_for_somebody_or_given_away(call: Call, viewer: Make) -> None:
    purchase.seed()
    viewer("Bob", points=60)
    bought = call("post", "/redeems/shoutout/buy", {"viewer": "bob", "text": "Bob"}).json()
    assert (bought["state"], bought["balance"]) == ("pending", 10)
    refused = call("post", "/redeems/shoutout/buy", {"viewer": "Bob", "text": "Bob"})
    assert refused.status_code == 409 and "again in" in refused.json()["detail"]
    assert call("post", "/redeems/shoutout/buy", {"viewer": "Bob", "text": "Bob", "free": True}).json()["balance"] == 10
    assert call("post", "/redeems/shoutout/buy", {"viewer": "Nobody"}).status_code == 404
    limited = call("patch", "/redeems/shoutout", {"stock": 3, "least_role": 2, "approval": "always"}).json()
    assert (limited["stock"], limited["least_role"], limited["approval"]) == (3, 2, "always")
    assert call("patch", "/redeems/shoutout", {"stock": None}).json()["stock"] is None


@pytest.mark.django_db(transaction=True)
def test_lanes_are_steered_and_items_approved(call: Call, viewer: Make) -> None:
    waits, other = (items.enqueue(speak("hello"), viewer=viewer("Bob"), waits=flag) for flag in (True, False))
    assert [row["name"] for row in call("get", "/lanes").json()] == ["effect", "notification", "reply", "tts", "wheel"]
    paused = call("post", "/lanes/tts/pause").json()
    assert (paused["paused"], paused["paused_by"] != "", paused["waiting"]) == (True, True, 2)
    assert call("post", "/lanes/tts/resume").json()["paused"] is False
    assert call("post", "/lanes/nosuch/pause").status_code == 404
    assert call("post", f"/queue/{waits.pk}/approve").json()["state"] == "pending"
    assert call("post", f"/queue/{waits.pk}/approve").status_code == 409
    assert call("post", f"/queue/{waits.pk}/reject").status_code == 409
    assert call("post", f"/queue/{other.pk}/first").json()["priority"] == 1
    assert call("post", "/lanes/tts/skip?refund=false").json()["running_id"] is None
    assert call("post", "/lanes/tts/clear").json() == {"ok": True, "items": 2}
    items.enqueue(speak("hello"))
    assert call("post", "/queue/panic").json()["items"] == 1
    assert call("post", "/queue/calm").json()["items"] == 5
    wheel.seed()
    sounds.seed()
    assert sum(row["chance"] for row in call("get", "/wheel/odds").json()) == pytest.approx(1)
    assert "ding" in [row["name"] for row in call("get", "/sounds").json()]


@pytest.mark.django_db(transaction=True)
def test_queue_items_are_listed_cancelled_with_a_refund_and_retried(call: Call, viewer: Make, said: list[str]) -> None:
    bob = viewer("Bob", points=30)
    paid = ledger.spend(bob, 25, source="redeem", reference="r:1")
    item = items.enqueue(
        speak("hello"), viewer=bob, purchase=Purchase.objects.create(viewer=bob, redeem="tts", payment=paid)
    )
    rows = call("get", "/queue?state=pending").json()["results"]
    assert [(row["state"], row["redeem"]) for row in rows] == [("pending", "tts")]
    assert call("post", f"/queue/{item.pk}/retry").status_code == 409
    assert call("post", f"/queue/{item.pk}/cancel").json()["state"] == "cancelled"
    assert Points.objects.get(viewer=bob).balance == 30
    assert call("post", f"/queue/{item.pk}/cancel").status_code == 409
    again = call("post", f"/queue/{item.pk}/retry").json()
    assert (again["state"], again["id"] != item.pk) == ("pending", True)
    assert call("post", "/queue/999/cancel").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_chat_events_stats_and_health(call: Call, said: list[str]) -> None:
    Install.objects.create(channel_id="c", username="Fox", access_token="sealed", scopes="chat:write")
    assert "sealed" not in call("get", "/installs").content.decode()
    assert call("post", "/chat/message", {"text": "hello"}).json()["ok"]
    assert said == ["hello"]
    answer = call("post", "/chat/whisper", {"username": "Bob", "text": "hello"})
    assert answer.status_code == 409 and "chat:whisper:write" in answer.json()["detail"]
    uid = call("post", "/events/simulate", {"kind": "tipped", "username": "Bob", "tokens": 12}).json()["uid"]
    assert Transaction.objects.get().event == uid
    assert call("post", "/events/simulate", {"kind": "tipped", "username": "Bob"}).status_code == 409
    assert Install.objects.get().channel_id == "c"  # what was simulated is of no other channel
    assert call("get", "/stats").json()["viewers"] >= 1
    health = call("get", "/health").json()
    assert (health["ok"], health["connection"], health["troubles"]) == (True, "off", [])


def test_for_whom_a_batch_is_must_be_said_in_one_way(call: Call, viewer: Make) -> None:
    bob = viewer("Bob")
    viewer("Ann")
    asked = {"operation": "add", "amount": 5}
    assert call("post", "/users/batch-points", {**asked, "ids": [bob.pk]}).json()["total_users"] == 1
    assert call("post", "/users/batch-points", {**asked, "subscribers": True}).json()["total_users"] == 0
    assert call("post", "/users/batch-points", {**asked, "seen_within_days": 0}).json()["total_users"] == 0
    assert call("post", "/users/batch-points", {**asked, "target": "all"}).json()["total_users"] == 2
    many: list[dict[str, Any]] = [
        {"target": "all", "ids": [bob.pk]},
        {"target": "all", "present": True},
        {"ids": [bob.pk], "present": True},
        {"target": "filter", "ids": [bob.pk]},
        {"target": "ids", "present": True},
    ]
    nobody: list[dict[str, Any]] = [
        {},
        {"ids": []},
        {"target": "ids"},
        {"target": "ids", "ids": []},
        {"target": "all", "ids": []},
        {"target": "filter"},
        {"target": "filter", "subscribers": False, "least_level": None},
        {"present": False},
    ]
    for more in many + nobody:
        for what in ("points", "xp"):
            assert call("post", f"/users/batch-{what}", {**asked, **more}).status_code == 422, more
    assert sum(Points.objects.values_list("balance", flat=True)) == 15


def test_times_at_the_end_of_the_calendar_are_told_so(call: Call) -> None:
    assert call("get", "/transactions?since=0001-01-01T00:00:00%2B14:00").status_code == 422


def test_only_whole_numbers_change_anything_and_old_ids_act_on_the_heir(call: Call, viewer: Make) -> None:
    bob, ann = viewer("Bob", points=10), viewer("Ann")
    for delta in (True, "7", 1.5):
        for what in ("points", "xp"):
            assert call("post", f"/viewers/{bob.pk}/{what}", {"delta": delta}).status_code == 422
        asked = {"operation": "add", "amount": delta, "target": "all"}
        assert call("post", "/users/batch-points", asked).status_code == 422
    merging.merge(bob, ann)
    assert call("post", f"/viewers/{bob.pk}/points", {"delta": 5}).json()["viewer_id"] == ann.pk
    assert call("post", f"/viewers/{bob.pk}/xp", {"delta": 5}).json()["viewer_id"] == ann.pk
    assert [(row["username"], row["amount"]) for row in call("get", "/leaderboard?days=1").json()] == [("Ann", 5)]
    assert list(audit.findings()) == []
