"""Queue items know the event that set them off: at once, as the next of a sequence, and by way of a prize."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from economy.ledger import xp
from economy.models import LevelReward, Transaction, Viewer
from effects.models import Prize, QueueItem, Spin, State, WheelLine
from effects.queue import control, items, playback, worker
from effects.registry.values import speak
from joystick.models import Reaction
from joystick.simulator.happenings import Happening, chat, follow, tip
from redeems import purchase
from redeems.models import Redeem

pytestmark = pytest.mark.django_db

SEQUENCE = {
    "kind": "run_effects",
    "effects": [
        {"kind": "alert", "text": "one"},
        {"kind": "grant_points", "points": 5},
        {"kind": "alert", "text": "2"},
    ],
}


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("effects.queue.wakeups.send_drain", lambda lane: None)


def play(*lanes: str) -> None:
    """Perform everything that waits, and report what plays as over."""
    while QueueItem.objects.filter(state=State.PENDING, lane__in=lanes).exists():
        for lane in lanes:
            worker.drain(lane)
            for item in QueueItem.objects.filter(state=State.RUNNING, lane=lane):
                playback.finished(item.pk, item.attempts)


def of(happening: Happening) -> list[tuple[str, str, bool]]:
    """Return (kind, title, whether it came of another item) of the items that a happening set off."""
    rows = QueueItem.objects.filter(event=happening.uid).order_by("pk")
    return [(item.kind, item.title, bool(item.is_follow_up)) for item in rows]


def test_a_reactions_effects_and_what_follows_in_their_sequence(stage: None, deliver: Callable[..., None]) -> None:
    Reaction.objects.create(
        occasion="tip", least=501, most=1000, effects=[SEQUENCE, {"kind": "speak", "text": "Wow, {user}!"}]
    )
    Reaction.objects.create(occasion="follow", effects=[{"kind": "alert", "text": "hello"}])
    big, other = tip("Bob", 900), follow("Ann")
    deliver(big, other)
    play("effect", "notification")
    assert of(big) == [
        ("run_effects", "run_effects", False),
        ("alert", "one", True),
        ("speak", "Wow, Bob!", False),
        ("run_effects", "one", True),
        ("grant_points", "grant_points", True),
        ("run_effects", "grant_points", True),
        ("alert", "2", True),
    ]
    assert of(other) == [("alert", "hello", False)]


def test_a_purchase_in_chat_with_its_payment(stage: None, viewer: Callable[..., Viewer], deliver: Any) -> None:
    purchase.seed()
    Redeem.objects.filter(key="tts").update(cost=25)
    viewer("Bob", points=100)
    line = chat("Bob", "!tts hello there")
    deliver(line)
    assert of(line) == [("speak", "hello there", False)]
    (paid,) = Transaction.objects.filter(source="redeem")
    assert (paid.event, paid.delta) == (line.uid, -25)
    assert control.cancel(QueueItem.objects.get(), by="mo")
    assert Transaction.objects.latest("pk").event == line.uid


def test_what_a_level_brings(stage: None, deliver: Callable[..., None]) -> None:
    LevelReward.objects.create(level=2, line="{user}: level {level}!", effects=[{"kind": "alert", "text": "up"}])
    other, reached = tip("Ann", 1), tip("Bob", 10 * xp.current_curve().begins(2))
    deliver(other, reached)
    assert of(reached) == [("speak", "Bob: level 2!", False), ("alert", "up", False)]
    assert of(other) == []


def test_a_prize_and_the_lines_of_the_wheel(
    stage: None, viewer: Callable[..., Viewer], deliver: Callable[..., None]
) -> None:
    purchase.seed()
    Redeem.objects.filter(key="spin").update(cost=0, enabled=True)
    Prize.objects.create(name="A bang", effects=[{"kind": "alert", "text": "bang"}])
    WheelLine.objects.create(when="spin", text="Round it goes")
    WheelLine.objects.create(when="prize", text="{prize}!")
    line = chat("Bob", "!spin")
    deliver(line)
    play("wheel", "effect", "notification")
    assert Spin.objects.exists()
    assert {title for _, title, _ in of(line)} >= {"Round it goes", "A bang!", "bang"}


def test_xp_of_an_effect_brings_a_level_of_the_same_event(stage: None, deliver: Callable[..., None]) -> None:
    amount = xp.current_curve().begins(2)
    LevelReward.objects.create(level=2, line="{user}: level {level}!", spoken=True)
    Reaction.objects.create(occasion="follow", effects=[{"kind": "grant_xp", "xp": amount}])
    followed = follow("Bob")
    deliver(followed)
    assert ("speak", "Bob: level 2!", False) in of(followed)


def test_what_is_done_again_is_of_the_same_event_and_what_staff_say_of_none(
    stage: None, deliver: Callable[..., None]
) -> None:
    Reaction.objects.create(occasion="follow", effects=[{"kind": "alert", "text": "hello"}])
    followed = follow("Bob")
    deliver(followed)
    item = QueueItem.objects.get()
    control.cancel(item, by="mo")
    item.refresh_from_db()
    control.requeue(item, by="mo")
    assert of(followed) == [("alert", "hello", False), ("alert", "hello", True)]
    assert items.enqueue(speak("a line")).event is None


def test_the_items_of_many_events_are_found_by_an_index(stage: None, deliver: Callable[..., None]) -> None:
    rows = QueueItem.objects.filter(event__in=[str(number) for number in range(50)]).order_by()
    assert connection.vendor == "postgresql" or "queue_of_event" in rows.explain()


@pytest.mark.django_db(transaction=True)
def test_its_migration_rewrites_no_row(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("sqlmigrate", "effects", "0012", skip_checks=True)
    statements = capsys.readouterr().out
    assert "ADD COLUMN" in statements
    assert [word for word in ("CREATE TABLE", "INSERT", "UPDATE", "DEFAULT") if word in statements] == []
