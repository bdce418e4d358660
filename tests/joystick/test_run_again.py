"""*Run its effects again*: what an event set off, once more, for nothing, and without what gives somebody something."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from economy.models import XP, Cooldown, ItemGrant, Points, Transaction, Viewer, XPTransaction
from economy.viewers import forgetting
from effects.models import Deed, Prize, QueueItem, Spin, State
from effects.queue import again, control, items
from joystick.models import InboundEvent, Reaction
from joystick.simulator.happenings import Happening, chat, follow
from pixelbot_site.kit.errors import Refused
from redeems import purchase
from redeems.models import Redeem
from tests.joystick.test_events_of_items import play
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stage")]

ALERT = {"kind": "alert", "text": "Wow, {user}!"}
GIFTS = [
    {"kind": "grant_points", "points": 50},
    {"kind": "grant_xp", "xp": 7},
    {"kind": "grant_item", "item": "hat", "quantity": 1},
    {"kind": "spin_wheel"},
]
MIXED = {"kind": "run_effects", "effects": [{"kind": "alert", "text": "one"}, *GIFTS, {"kind": "alert", "text": "two"}]}


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("effects.queue.wakeups.send_drain", lambda lane: None)


@pytest.fixture
def happened(deliver: Callable[..., None]) -> Callable[..., str]:
    """Let something happen to which these effects are the reaction; return the event's uid, once all have ended."""

    def it(*effects: dict[str, Any], happening: Happening | None = None) -> str:
        happening = happening or follow("Bob")
        Reaction.objects.create(occasion="follow", effects=list(effects))
        deliver(happening)
        play("effect", "notification", "wheel", "tts")
        return happening.uid

    return it


def owned() -> list[Any]:
    """Return what viewers have, and every row that says so."""
    models: list[Any] = [Points, XP, Transaction, XPTransaction, ItemGrant, Spin]
    return [list(model.objects.order_by("pk").values()) for model in models]


def later() -> None:
    """Let the time pass in which a second press counts as one."""
    Cooldown.objects.filter(key__startswith="run_again:").delete()


def since(before: set[int]) -> list[tuple[str, str, str]]:
    """Return (kind, title, state) of the items that came since."""
    return list(QueueItem.objects.exclude(pk__in=before).order_by("pk").values_list("kind", "title", "state"))


def ids() -> set[int]:
    return set(QueueItem.objects.values_list("pk", flat=True))


def test_everything_but_what_gives_something_happens_again_in_its_order(happened: Callable[..., str]) -> None:
    Prize.objects.create(name="Nothing")
    uid = happened(MIXED, ALERT)
    before, had = ids(), owned()
    sentence = again.run_again(uid, by="mo")
    assert sentence.startswith(
        "In the queue again, free of charge: 2 effects. Left out is what gives something: give 50"
    )
    assert "give 7 XP" in sentence and "spin the wheel" in sentence and "hat" in sentence
    play("effect", "notification", "wheel")
    shown = [title for kind, title, state in since(before) if kind == "alert" and state == State.DONE]
    assert sorted(shown) == ["Wow, Bob!", "one", "two"]
    assert {kind for kind, *_ in since(before)} == {"alert", "run_effects"}
    assert owned() == had
    one = QueueItem.objects.exclude(pk__in=before).get(title="one", kind="alert")
    two = QueueItem.objects.exclude(pk__in=before).get(title="two", kind="alert")
    assert one.finished_at is not None and two.started_at is not None and one.finished_at <= two.started_at


def test_run_a_third_time_each_still_happens_once(happened: Callable[..., str]) -> None:
    uid = happened(MIXED, ALERT)
    for _ in range(2):
        later()
        before = ids()
        again.run_again(uid, by="mo")
        play("effect", "notification")
        assert len([1 for kind, *_ in since(before) if kind == "alert"]) == 3


def test_what_was_bought_is_not_charged_again_and_nothing_is_refunded_when_it_fails(
    viewer: Callable[..., Viewer],
    deliver: Callable[..., None],
    said: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:
    purchase.seed()
    Redeem.objects.filter(key="tts").update(cost=25)
    viewer("Bob", points=100)
    line = chat("Bob", "!tts hello")
    deliver(line)
    QueueItem.objects.update(state=State.DONE)
    before, had = ids(), owned()
    with django_capture_on_commit_callbacks(execute=True):
        again.run_again(line.uid, by="mo")
        (copy,) = QueueItem.objects.exclude(pk__in=before)
        assert (copy.purchase, copy.viewer, copy.title) == (None, Viewer.objects.get(), "hello")
        items.end(copy, State.FAILED, "no voice")
    assert owned() == had
    assert said == []


def test_a_drawn_prize_is_not_drawn_again_but_shown_again(viewer: Callable[..., Viewer], deliver: Any) -> None:
    purchase.seed()
    Redeem.objects.filter(key="spin").update(cost=0, enabled=True)
    Prize.objects.create(
        name="Points", effects=[{"kind": "grant_points", "points": 9}, {"kind": "alert", "text": "9!"}]
    )
    line = chat("Bob", "!spin")
    deliver(line)
    play("wheel", "effect", "notification", "tts")
    before, had = ids(), owned()
    assert "spin the wheel, give 9 points" in again.run_again(line.uid, by="mo")
    play("wheel", "effect", "notification", "tts")
    assert ("alert", "9!", State.DONE) in since(before)
    assert owned() == had


@pytest.mark.parametrize("effects", [GIFTS[:2], [], [{"kind": "nosuch"}]])
def test_where_nothing_is_left_to_run_a_sentence_says_so(happened: Any, effects: list[dict[str, Any]]) -> None:
    uid = happened(*effects)
    before = ids()
    with pytest.raises(Refused, match="nothing is left to run"):
        again.run_again(uid, by="mo")
    assert ids() == before
    with pytest.raises(Refused, match="nothing is left to run"):  # not “a moment ago”: it was not run
        again.run_again(uid, by="mo")


def test_what_waits_for_approval_does_not_get_by_it(viewer: Callable[..., Viewer], deliver: Any) -> None:
    purchase.seed()
    Redeem.objects.filter(key="tts").update(cost=0, approval="always")
    line = chat("Bob", "!tts hello")
    deliver(line)
    with pytest.raises(Refused, match="still wait or play"):
        again.run_again(line.uid, by="mo")
    assert QueueItem.objects.count() == 1


def test_nothing_of_a_forgotten_viewer_is_shown_again(happened: Callable[..., str]) -> None:
    uid = happened(ALERT)
    forgetting.forget(Viewer.objects.get(key="bob"))
    with pytest.raises(Refused, match="nothing is left to run"):
        again.run_again(uid, by="mo")


@pytest.mark.django_db(transaction=True)
def test_of_many_who_press_at_once_one_runs_it(happened: Callable[..., str]) -> None:
    uid = happened({"kind": "chat_line", "text": "hi"})  # it ends at once: nothing but the press can hold the second
    before = ids()
    done = at_once(8, lambda number: again.run_again(uid, by=f"mo{number}"))
    assert sorted(type(answer).__name__ for answer in done) == ["Refused"] * 7 + ["str"]
    assert len(since(before)) == 1


def test_pressed_twice_it_runs_once_and_later_once_more(happened: Callable[..., str]) -> None:
    uid = happened({"kind": "chat_line", "text": "hi"})  # it has ended at once
    again.run_again(uid, by="mo")
    with pytest.raises(Refused, match="a moment ago"):
        again.run_again(uid, by="mo")
    Cooldown.objects.filter(key=f"run_again:{uid}").update(
        until=Cooldown.objects.get(key=f"run_again:{uid}").until - timedelta(seconds=again.NOT_WITHIN)
    )
    again.run_again(uid, by="mo")
    assert QueueItem.objects.filter(kind="chat_line").count() == 3


def press(client: Client, event: InboundEvent, **form: str) -> Any:
    return client.post(reverse("admin:joystick_inboundevent_run_again", args=[event.pk]), form, follow=True)


def test_the_buttons_of_the_feed_and_of_the_events_page(admin_client: Client, happened: Callable[..., str]) -> None:
    event = InboundEvent.objects.get(uid=happened(ALERT))
    button = reverse("admin:joystick_inboundevent_run_again", args=[event.pk])
    own_page = reverse("admin:joystick_inboundevent_change", args=[event.pk])
    assert f'formaction="{button}"' in admin_client.get("/admin/").text
    assert f'action="{button}"' in admin_client.get(own_page).text
    answer = press(admin_client, event, next="/admin/")
    assert answer.redirect_chain[0][0] == "/admin/"
    assert "In the queue again, free of charge: 1 effect." in answer.text
    assert f'formaction="{button}"' not in admin_client.get("/admin/").text  # while it waits
    answer = press(admin_client, event, next="https://evil.example/")
    assert answer.redirect_chain[0][0] == own_page
    assert "Its effects were run again a moment ago." in answer.text
    (entry,) = LogEntry.objects.all()
    assert (entry.change_message, entry.object_repr) == ("Ran its effects again.", f"event {event.pk}")
    first, copy = QueueItem.objects.order_by("pk")
    assert [(deed.item_id, deed.by, deed.what) for deed in Deed.objects.all()] == [
        (first.pk, "admin", f"run again with its event, as {copy.pk}"),
        (copy.pk, "admin", f"run again with its event, from {first.pk}"),
    ]


@pytest.mark.parametrize(
    ("permissions", "allowed"),
    [
        (("view_inboundevent", "add_queueitem"), True),
        (("view_inboundevent", "change_queueitem", "change_inboundevent"), False),
        (("add_queueitem", "change_queueitem"), False),
    ],
)
def test_it_takes_the_permission_to_see_events_and_to_add_queue_items(
    staff: Callable[..., Client], happened: Callable[..., str], permissions: tuple[str, ...], allowed: bool
) -> None:
    event = InboundEvent.objects.get(uid=happened(ALERT))
    client = staff(*permissions)
    url = reverse("admin:joystick_inboundevent_run_again", args=[event.pk])
    if "view_inboundevent" in permissions:
        own_page = reverse("admin:joystick_inboundevent_change", args=[event.pk])
        assert all((url in client.get(page).text) == allowed for page in ("/admin/", own_page))
    assert client.get(url).status_code == 403
    assert client.post(url).status_code == (302 if allowed else 403)
    assert QueueItem.objects.count() == 1 + allowed


def test_what_is_done_again_by_itself_must_have_ended_and_is_not_run_again_too(happened: Callable[..., str]) -> None:
    uid = happened(ALERT)
    item = QueueItem.objects.get()
    copy = control.requeue(item, by="mo")
    with pytest.raises(Refused, match="still wait or play"):
        again.run_again(uid, by="mo")
    control.cancel(copy, by="mo")
    assert again.run_again(uid, by="mo").startswith("In the queue again, free of charge: 1 effect.")
