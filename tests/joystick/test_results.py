"""What came of an event is on its line of the feed and on its own page: what it gave, what was shown, what failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from economy.ledger import xp
from economy.models import Transaction, Viewer, XPTransaction
from economy.viewers import forgetting, merging
from effects.models import Prize, QueueItem, State
from effects.queue import control, items
from joystick.inbox import results
from joystick.models import InboundEvent, Reaction
from joystick.simulator.happenings import Happening, chat, follow, tip
from pixelbot_site.index import board, live, tonight
from pixelbot_site.index.board import View
from redeems import purchase
from redeems.models import Redeem
from tests.joystick.test_events_of_items import play

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stage")]

WOW = {"kind": "alert", "text": "Wow, {user}!"}
INDEX = "/admin/"


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("effects.queue.wakeups.send_drain", lambda lane: None)


def event_of(happening: Happening) -> InboundEvent:
    return InboundEvent.objects.get(uid=happening.uid)


def told(happening: Happening) -> str:
    """Return what the feed says of it; the event's own page must say the same."""
    (line,) = [line for line in tonight.feed() if line.event.uid == happening.uid]
    assert results.of(line.event) == line.came
    return line.came.text


def react(occasion: str, *effects: dict[str, Any]) -> None:
    least = 501 if occasion == "tip" else None
    Reaction.objects.create(occasion=occasion, least=least, effects=list(effects))


def test_a_tip_its_level_and_what_was_shown(deliver: Callable[..., None]) -> None:
    react("tip", WOW, {"kind": "grant_points", "points": 5})
    big, small = tip("Bob", 900), tip("Ann", 1)
    deliver(big, small)
    assert told(big) == "+900 points, +90 XP, waits: alert “Wow, Bob!”, gave 5 points"
    play("effect", "notification")
    assert told(big) == "+900 points, +90 XP, showed “Wow, Bob!”, gave 5 points"
    assert told(small) == "+1 point"
    levelled = tip("Kai", 10 * xp.current_curve().begins(2))
    deliver(levelled)
    assert "XP, level " in told(levelled)


def test_what_was_bought_waits_fails_and_is_paid_back(viewer: Callable[..., Viewer], deliver: Any) -> None:
    purchase.seed()
    Redeem.objects.filter(key="tts").update(cost=25)
    viewer("Bob", points=100)
    line = chat("Bob", "!tts hello <b>there</b>")
    deliver(line)
    assert told(line) == "-25 points, waits: voice “hello <b>there</b>”"
    items.end(QueueItem.objects.get(), State.FAILED, "Traceback\nthe engine is gone")
    assert told(line) == "-25 points, 25 points given back, voice failed: the engine is gone"


def test_what_waits_for_approval_and_what_staff_refuse(viewer: Callable[..., Viewer], deliver: Any) -> None:
    purchase.seed()
    Redeem.objects.filter(key="tts").update(cost=0, approval="always")
    line = chat("Bob", "!tts hello")
    deliver(line)
    assert "waits for approval: voice “hello”" in told(line)
    control.reject(QueueItem.objects.get(), by="mo")
    assert told(line).endswith("voice cancelled: it was not approved")


def test_a_sequence_says_what_comes_yet(deliver: Callable[..., None]) -> None:
    react("follow", {"kind": "run_effects", "effects": [WOW, {"kind": "alert", "text": "two"}]})
    followed = follow("Bob")
    deliver(followed)
    assert told(followed).endswith("waits: alert “Wow, Bob!”, then 1 more effect")
    play("effect", "notification")
    assert told(followed).endswith("showed “Wow, Bob!”, showed “two”")


def test_a_drawn_prize_and_a_webhook_without_its_address(viewer: Callable[..., Viewer], deliver: Any) -> None:
    purchase.seed()
    Redeem.objects.filter(key="spin").update(cost=0, enabled=True)
    Prize.objects.create(name="A hat", effects=[])
    react("follow", {"kind": "webhook", "url": "https://example.com/secret"})
    line, followed = chat("Bob", "!spin"), follow("Ann")
    deliver(line, followed)
    play("wheel")
    assert "won “A hat”" in told(line)
    assert told(followed).endswith("waits: webhook")


def test_long_texts_are_clipped_and_many_results_counted(deliver: Callable[..., None]) -> None:
    react("follow", *({"kind": "alert", "text": "x" * 400} for _ in range(12)))
    followed = follow("Bob")
    deliver(followed)
    came = results.of(event_of(followed))
    assert len(came.results) == results.MAX_RESULTS and came.more > 0
    assert max(len(result.text) for result in came.results) < 100
    assert told(followed).endswith(f"{came.more} more")


def test_the_lines_link_to_viewer_ledger_and_item_and_what_was_typed_is_text(
    admin_client: Client, deliver: Callable[..., None]
) -> None:
    react("tip", {"kind": "alert", "text": "<script>alert(1)</script>{user}"})
    big = tip("Bob", 900)
    deliver(big)
    item = QueueItem.objects.get()
    links = [
        reverse("admin:economy_transaction_change", args=[Transaction.objects.get().pk]),
        reverse("admin:economy_xptransaction_change", args=[XPTransaction.objects.get().pk]),
        reverse("admin:effects_queueitem_change", args=[item.pk]),
    ]
    event_page = reverse("admin:joystick_inboundevent_change", args=[event_of(big).pk])
    for page in (INDEX, event_page):
        text = admin_client.get(page).text
        assert all(f'href="{link}"' in text for link in links), page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;Bob" in text and "<script>alert(1)" not in text
    assert reverse("admin:economy_viewer_find") in admin_client.get(INDEX).text
    for link in links:
        assert admin_client.get(link).status_code == 200


def test_who_may_not_see_the_queue_reads_no_titles_and_gets_no_links(
    staff: Callable[..., Client], deliver: Callable[..., None]
) -> None:
    react("tip", WOW)
    big = tip("Bob", 900)
    deliver(big)
    client = staff("view_inboundevent")
    for page in (INDEX, reverse("admin:joystick_inboundevent_change", args=[event_of(big).pk])):
        text = client.get(page).text
        assert "+900 points" in text
        assert "Wow, Bob!" not in text and "/transaction/" not in text and "/queueitem/" not in text


def test_an_event_of_long_ago_is_told_on_its_page(
    viewer: Callable[..., Viewer], deliver: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    react("tip", WOW)
    big = tip("Bob", 900)
    deliver(big)
    monkeypatch.setattr(results, "MAX_ROWS", 3)
    deliver(*(chat(f"Viewer{number}", "hi") for number in range(5)))
    assert results.of_newest([event_of(big)])[big.uid].text == "waits: alert “Wow, Bob!”"
    assert results.of(event_of(big)).text == "+900 points, +90 XP, waits: alert “Wow, Bob!”"
    merging.merge(Viewer.objects.get(key="bob"), viewer("New"), by="mo")
    later = tip("Bob", 901)
    deliver(later)
    assert results.of(event_of(big)).text.startswith("+900 points, +90 XP")
    assert results.of(event_of(later)).text.startswith("+901 points")


def test_nothing_of_a_forgotten_viewer_is_told(deliver: Callable[..., None], settle_names: Any) -> None:
    react("follow", WOW, {"kind": "grant_points", "points": 5})
    followed = follow("Bob")
    deliver(followed)
    play("effect", "notification")
    forgetting.forget(Viewer.objects.get(key="bob"))
    settle_names()
    assert "bob" not in results.of(event_of(followed)).text.casefold()


def test_fifty_events_take_as_many_queries_as_one(deliver: Any, django_assert_num_queries: Any) -> None:
    react("follow", WOW)
    for number in range(50):  # each by itself: many at once, or while one waits, have one effect together
        deliver(follow(f"Viewer{number}"))
        QueueItem.objects.filter(state=State.PENDING).update(state=State.DONE)
    for count in (1, 50):
        events = list(InboundEvent.objects.order_by("-id")[:count])
        with django_assert_num_queries(3):
            came = results.of_newest(events)
            assert sum("Wow" in one.text for one in came.values()) == count


def test_an_open_page_is_told_when_an_item_ends_and_when_points_go_back(
    viewer: Callable[..., Viewer], deliver: Any
) -> None:
    purchase.seed()
    Redeem.objects.filter(key="tts").update(cost=25)
    viewer("Bob", points=100)
    view, look = View("index", frozenset(board.PERMISSIONS)), live._Look()
    deliver(chat("Bob", "!tts hello"))
    look.changed({view})
    look._slow_at = float("inf")
    item = QueueItem.objects.get()
    QueueItem.objects.update(state=State.DONE, finished_at=timezone.now())
    assert "spoke “hello”" in look.changed({view})[view]["feed"]
    assert item.purchase is not None and control.give_back(item.purchase, by="mo")
    assert "25 points given back" in look.changed({view})[view]["feed"]


def test_a_failed_event_says_why(admin_client: Client, deliver: Callable[..., None]) -> None:
    deliver(follow("Bob"))
    InboundEvent.objects.update(state="failed", error="Traceback\nValueError: <b>")
    (line,) = tonight.feed()
    assert line.error == "ValueError: <b>"
    assert "ValueError: &lt;b&gt;" in admin_client.get(INDEX).text
