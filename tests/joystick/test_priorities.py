"""What each line in chat is, so that those that matter go first when there is no room for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from economy.models import XP, LevelReward, Points, Viewer
from effects import wheel
from effects.chat import MAILBOX
from effects.library.spin_wheel import give, say
from effects.models import Purchase, QueueItem, State, WheelLine
from effects.queue import control, items
from effects.registry import Effect
from joystick.channel import actions
from joystick.gateway.outgoing.actions import Action
from joystick.gateway.outgoing.waiting import Outgoing
from joystick.models import Reaction
from joystick.reactions import defaults, performing
from joystick.simulator.happenings import Happening, chat, follow, gift, raid, spin, started, subscribe, tip
from redeems import purchase

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("stage")]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect what is put into the mailbox."""
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr("effects.chat.group_send", lambda group, message: messages.append({**message, "to": group}))
    return messages


@pytest.mark.parametrize(
    ("happening", "priority", "worth"),
    [
        (tip("Bob", 300), "thanks", 300),
        (tip("Bob", 20, "Hat"), "thanks", 20),
        (spin("Bob", 50, "Silly hat"), "thanks", 50),
        (subscribe("Bob"), "thanks", performing.WORTH_WITHOUT_TOKENS),
        (gift("Bob", 2), "thanks", performing.WORTH_WITHOUT_TOKENS),
        (raid("Bob", 30), "thanks", performing.WORTH_WITHOUT_TOKENS),
        (follow("Bob"), "chatter", 0),
        (started(), "chatter", 0),
        (chat("Bob", "hello"), "greeting", 0),
        (chat("Bob", "!points"), "answer", 0),
        (chat("Bob", "!pionts"), "answer", 0),
        (chat("Bob", "!tts"), "answer", 0),
    ],
)
def test_what_is_said_about_an_event(
    deliver: Callable[..., None], sent: list[dict[str, Any]], happening: Happening, priority: str, worth: int
) -> None:
    defaults.seed()
    Reaction.objects.filter(lines="").update(lines="{user}!")
    Reaction.objects.create(occasion="wheel", lines="{user} won {prize}")
    if happening.text == "hello":
        Reaction.objects.create(occasion="first_line_ever", lines="hello {user}")
    deliver(happening)
    assert [(message["priority"], message["worth"], message["to"]) for message in sent] == [(priority, worth, MAILBOX)]


def test_thanks_are_sent_with_what_they_were_made_of(deliver: Callable[..., None], sent: list[dict[str, Any]]) -> None:
    Reaction.objects.create(occasion="tip", least=101, most=500, lines="{tokens} for {item}, {user}!")
    deliver(tip("Bob", 300, "Hat"))
    (message,) = sent
    assert message["words"] == {"text": "300 for Hat, Bob!"}
    assert message["template"] == "{tokens} for {item}, {user}!"
    assert message["filling"] == {"user": "Bob", "tokens": 300, "item": "Hat"}


def test_levels_are_said_as_levels_wherever_the_xp_comes_from(
    viewer: Callable[..., Viewer], deliver: Callable[..., None], sent: list[dict[str, Any]], settings: Any
) -> None:
    LevelReward.objects.create(level=2, line="{user} has level {level}")
    settings.XP_PER_TIP_TOKEN = 1
    deliver(tip("Ann", 1500))
    items.enqueue(Effect("grant_xp", {"xp": 1500}), viewer=viewer("Bob"))
    assert [(message["words"]["text"], message["priority"]) for message in sent] == [
        ("Ann has level 2", "level_up"),
        ("Bob has level 2", "level_up"),
    ]


def test_thirty_levels_within_seconds_are_one_line_and_one_effect(
    deliver: Callable[..., None], sent: list[dict[str, Any]], settings: Any
) -> None:
    alert = {"kind": "alert", "text": "{user}: {level}"}
    gift = {"kind": "grant_points", "points": 3}
    LevelReward.objects.create(level=2, line="{user} has level {level}", spoken=True, points=5, effects=[alert, gift])
    settings.XP_PER_TIP_TOKEN, settings.POINTS_PER_TIP_TOKEN = 1, 0
    names = [f"Viewer{number}" for number in range(30)]
    deliver(*(tip(name, 150) for name in names[:10]))
    for name in names[10:]:
        deliver(tip(name, 150))
    waiting = QueueItem.objects.filter(state=State.PENDING).order_by("kind")
    assert [item.title for item in waiting] == ["Viewer0 and 29 more: 2", "Viewer0 and 29 more has level 2"]
    assert set(Points.objects.filter(viewer__username__in=names).values_list("balance", flat=True)) == {8}
    queue = Outgoing()
    for message in sent:
        made_of = {name: message[name] for name in ("priority", "template", "filling", "kind")}
        queue.add(Action(message["action"], message["words"], at=message["at"], **made_of))
    line = queue.take(1).arguments["text"]
    assert line == f"{', '.join(names[:10])} and 20 more has level 2 (+5 points)" and not len(queue)


def test_levels_that_differ_are_told_from_the_lowest_to_the_highest(
    deliver: Callable[..., None], sent: list[dict[str, Any]], settings: Any
) -> None:
    LevelReward.objects.all().delete()
    Reaction.objects.create(
        occasion="level_up",
        lines="{user} reached level {level}",
        effects=[{"kind": "alert", "text": "{user}: {level}"}],
    )
    settings.XP_PER_TIP_TOKEN, settings.POINTS_PER_TIP_TOKEN = 1, 0
    deliver(*(tip(f"Fan{number}", 150 if number % 2 else 600) for number in range(6)))
    deliver(tip("Ann", 3000))  # takes part in what waits
    levels = sorted(set(XP.objects.values_list("level", flat=True)))
    assert len(levels) == 3
    span = f"{levels[0]}–{levels[-1]}"
    alerts = QueueItem.objects.filter(state=State.PENDING, kind="alert", title__startswith="Fan0 and")
    assert [item.title for item in alerts] == [f"Fan0 and 6 more: {span}"]
    queue = Outgoing()
    for message in sent:
        if "reached level" in message["words"]["text"]:
            made_of = {name: message[name] for name in ("priority", "template", "filling", "kind")}
            queue.add(Action(message["action"], message["words"], at=message["at"], **made_of))
    assert queue.take(1).arguments["text"].endswith(f" and Ann reached level {span}") and not len(queue)


def test_a_refund_is_an_answer(bought: QueueItem, sent: list[dict[str, Any]]) -> None:
    control.cancel(bought, by="fox")
    (message,) = sent
    assert "sorry" in message["words"]["text"] and message["priority"] == "answer"


@pytest.fixture
def bought(viewer: Callable[..., Viewer], deliver: Callable[..., None], sent: list[dict[str, Any]]) -> QueueItem:
    """A spin that a viewer bought."""
    purchase.seed()
    wheel.seed()
    deliver(tip("Bob", 500), chat("Bob", "!spin"))
    sent.clear()
    return QueueItem.objects.get(kind="spin_wheel")


def test_what_was_won_is_an_answer_and_that_the_wheel_spins_is_not(
    bought: QueueItem, sent: list[dict[str, Any]]
) -> None:
    words = {"user": "Bob", "prize": "a hat"}
    say(WheelLine.When.SPIN, words, bought.viewer)
    say(WheelLine.When.PRIZE, words, bought.viewer)
    wheel.draw(bought)
    give(bought)
    assert [message["priority"] for message in sent][:3] == ["chatter", "answer", "answer"]


def test_a_line_is_an_answer_where_it_was_bought(viewer: Callable[..., Viewer], sent: list[dict[str, Any]]) -> None:
    bob = viewer("Bob")
    items.enqueue(Effect("chat_line", {"text": "bought"}), viewer=bob, purchase=Purchase.objects.create(viewer=bob))
    items.enqueue(Effect("chat_line", {"text": "a reaction's"}), viewer=bob)
    assert [message["priority"] for message in sent] == ["answer", "chatter"]


def test_what_staff_do_goes_before_all_else_and_what_they_say_is_an_answer(sent: list[dict[str, Any]]) -> None:
    actions.say("hello")
    actions.whisper("Bob", "psst")
    actions.mute("m-1")
    assert [message["priority"] for message in sent] == ["answer", "answer", "moderation"]
