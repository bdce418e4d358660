"""*Try* on the dashboard's forms: shown on the overlay as a test, for nobody and for nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from economy.models import LevelReward, Viewer
from effects import wheel
from effects.media import sounds
from effects.models import OverlayPage, Prize, QueueItem, Spin, State
from effects.queue import control, items, playback, trying, worker
from effects.registry import Effect
from joystick.models import Reaction
from pixelbot_site.index import tonight
from pixelbot_site.index.lamps import Moment
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.trying import Trial
from redeems import purchase
from redeems.models import Redeem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

REACTION = "/admin/joystick/reaction/"
FORM = {"occasion": "tip", "least": "101", "most": "500", "lines": "Thank you, {user}!", "enabled": "on"}
ALL = {"kind": "alert", "text": "{user} tipped {tokens} tokens!"}, {"kind": "grant_points", "points": 50}
# What no test may write; "sessions" and "log entries" belong to the login.
NOT_OF_THE_STREAM = {"QueueItem", "Session", "User", "Permission", "ContentType", "OverlayPage", "Overlay"}


def rows() -> dict[str, int]:
    """Return how many rows each model has, but for those that a test and a login write."""
    counted = [model for model in apps.get_models() if model.__name__ not in NOT_OF_THE_STREAM]
    return {model._meta.label: model._default_manager.count() for model in counted}


def press_try(client: Client, address: str, form: dict[str, Any]) -> tuple[list[str], Any]:
    """Press *Try*; return the sentences above the form, and the answer."""
    answer = client.post(address, form | {"_try": "Try on the overlay"})
    return [str(message) for message in answer.context["messages"]], answer


@pytest.mark.usefixtures("stage")
def test_an_unsaved_reaction_is_shown_as_a_test_and_its_form_comes_back(
    admin_client: Client, said: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    before = rows()
    with django_capture_on_commit_callbacks(execute=True):
        sentences, answer = press_try(admin_client, f"{REACTION}add/", FORM | {"effects": json.dumps(ALL)})
        assert sentences == [
            "It is shown on the overlay, marked TEST. A test does not say in chat “Thank you, admin!”, nor give 50 points."
        ]
        item = QueueItem.objects.get()
        assert worker.claim("notification") == item
        worker.drain("notification")
    assert answer.status_code == 200
    assert answer.context["adminform"].form["lines"].value() == "Thank you, {user}!"
    assert (item.title, item.tried_by) == ("TEST: admin tipped 500 tokens!", "admin")
    assert said == []
    assert rows() == before


@pytest.mark.usefixtures("stage")
def test_the_overlay_is_told_that_it_is_a_test_and_of_nothing_else(frames: list[dict[str, Any]]) -> None:
    trying.try_effects(Trial([Effect("alert", {"text": "hi"})]), "mo")
    items.enqueue(Effect("alert", {"text": "for real"}))
    for _ in range(2):
        worker.drain("notification")
        running = QueueItem.objects.get(state=State.RUNNING)
        playback.finished(running.pk, running.attempts)
    shown = [(frame["text"], frame.get("test")) for frame in frames if frame.get("show") == "alert"]
    assert shown == [("hi", True), ("for real", None)]


@pytest.mark.usefixtures("stage")
def test_a_changed_row_is_tried_as_typed_and_not_saved(admin_client: Client) -> None:
    row = Reaction.objects.create(occasion="follow", lines="old", effects=[])
    form = FORM | {"occasion": "follow", "lines": "", "effects": '[{"kind": "alert", "text": "new"}]'}
    sentences, _ = press_try(admin_client, f"{REACTION}{row.pk}/change/", form)
    assert sentences == ["It is shown on the overlay, marked TEST."]
    assert QueueItem.objects.get().title == "TEST: new"
    row.refresh_from_db()
    assert (row.lines, row.effects) == ("old", [])


@pytest.mark.usefixtures("stage")
def test_a_form_with_mistakes_is_not_tried(admin_client: Client) -> None:
    sentences, answer = press_try(admin_client, f"{REACTION}add/", FORM | {"effects": '[{"kind": "nosuch"}]'})
    assert sentences == []
    assert "effects" in answer.context["adminform"].form.errors
    assert not QueueItem.objects.exists()


def test_without_an_open_overlay_nothing_is_enqueued_and_a_sentence_says_why(admin_client: Client) -> None:
    sentences, _ = press_try(admin_client, f"{REACTION}add/", FORM | {"effects": json.dumps(ALL)})
    assert sentences == ["It could not be tried: that can't be shown at the moment: the stream's overlay is closed."]
    assert not QueueItem.objects.exists()


@pytest.mark.usefixtures("stage")
def test_trying_takes_the_permission_to_change_queue_items(staff: Callable[..., Client]) -> None:
    client = staff("add_reaction")
    answer = client.post(f"{REACTION}add/", FORM | {"effects": json.dumps(ALL), "_try": "x"})
    assert answer.status_code == 403
    assert b"_try" not in client.get(f"{REACTION}add/").content
    assert not QueueItem.objects.exists()


@pytest.mark.usefixtures("stage")
def test_who_may_only_view_a_row_tries_it_as_it_is_saved(staff: Callable[..., Client]) -> None:
    row = Reaction.objects.create(occasion="follow", effects=[{"kind": "alert", "text": "saved"}])
    client = staff("view_reaction", "change_queueitem")
    address = f"{REACTION}{row.pk}/change/"
    assert b'name="_try"' in client.get(address).content
    client.post(address, {"_try": "x", "effects": '[{"kind": "alert", "text": "posted"}]'})
    assert QueueItem.objects.get().title == "TEST: saved"


@pytest.mark.usefixtures("stage")
def test_a_spin_that_is_tried_stores_no_draw_takes_no_stock_and_pays_nothing(
    frames: list[dict[str, Any]], said: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    wheel.seed()
    Prize.objects.update(enabled=False)
    Prize.objects.create(name="the one", stock=1, effects=[{"kind": "alert", "text": "paid"}])
    with django_capture_on_commit_callbacks(execute=True):
        trying.try_effects(Trial([Effect("spin_wheel", {}, "the wheel")]), "mo")
        worker.drain("wheel")
        item = QueueItem.objects.get()
        playback.finished(item.pk, item.attempts)
    turned = next(frame for frame in frames if frame.get("show") == "wheel")
    assert (turned["prize_name"], turned["user"], turned["test"]) == ("the one", "mo", True)
    assert not Spin.objects.exists()
    assert Prize.objects.get(name="the one").stock == 1
    assert (QueueItem.objects.count(), said) == (1, [])


@pytest.mark.usefixtures("stage")
def test_what_follows_in_a_sequence_and_what_is_done_again_are_tests_too() -> None:
    steps = [{"kind": "alert", "text": "one"}, {"kind": "grant_points", "points": 5}, {"kind": "alert", "text": "two"}]
    trying.try_effects(Trial([Effect("run_effects", {"effects": steps}, "both")]), "mo")
    worker.drain("notification")
    first = QueueItem.objects.get(state=State.RUNNING)
    playback.finished(first.pk, first.attempts)
    again = control.requeue(QueueItem.objects.get(pk=first.pk), by="ann")
    assert again.tried_by == "mo"
    assert set(QueueItem.objects.values_list("tried_by", flat=True)) == {"mo"}
    assert sorted(QueueItem.objects.filter(kind="alert").values_list("title", flat=True)) == [
        "TEST: one", "TEST: one", "TEST: two",
    ]  # fmt: skip
    assert not QueueItem.objects.filter(kind="grant_points").exists()


def test_an_item_marked_as_a_test_gives_nothing_even_if_its_kind_does(viewer: Callable[..., Viewer]) -> None:
    item = items.enqueue(Effect("grant_points", {"points": 5}), viewer=viewer("Bob"), tried_by="mo")
    assert item.state == State.DONE
    assert Viewer.objects.get().points.balance == 0


@pytest.mark.usefixtures("stage")
def test_a_test_that_failed_is_none_of_tonights_failures() -> None:
    trying.try_effects(Trial([Effect("alert", {"text": "hi"})]), "mo")
    items.end(QueueItem.objects.get(), State.FAILED, "it broke")
    assert tonight.failures(Moment()) == []


@pytest.mark.usefixtures("stage")
def test_only_so_many_tests_wait_at_once() -> None:
    trial = Trial([Effect("alert", {"text": "hi"})])
    for _ in range(trying.MAX_TESTS):
        trying.try_effects(trial, "mo")
    with pytest.raises(Refused, match="10 tests wait already"):
        trying.try_effects(trial, "mo")


@pytest.mark.usefixtures("stage")
def test_a_stopped_lane_is_named() -> None:
    control.pause("notification", by="mo")
    sentence = trying.try_effects(Trial([Effect("alert", {"text": "hi"})]), "mo")
    assert sentence.endswith("It waits until notification goes on.")


@pytest.mark.usefixtures("stage")
def test_level_rewards_prizes_sounds_and_redeems_are_tried_from_their_forms(admin_client: Client) -> None:
    sounds.seed()
    wheel.seed()
    purchase.seed()
    reward = LevelReward.objects.create(level=7, points=50)
    effects = '[{"kind": "alert", "text": "{user}!"}]'
    level = {"level": 7, "points": 50, "line": "{user} is at {level}!", "spoken": "on", "effects": effects}
    assert press_try(admin_client, f"/admin/economy/levelreward/{reward.pk}/change/", level)[0] == [
        "It is shown on the overlay, marked TEST. A test does not say in chat “admin is at 7!”, nor give 50 points."
    ]
    prize = Prize.objects.get(name="A fanfare")
    form = {"name": "A fanfare", "weight": 3, "colour": "#ffa726", "line": "", "effects": json.dumps(prize.effects)}
    press_try(admin_client, f"/admin/effects/prize/{prize.pk}/change/", form)
    tts = Redeem.objects.get(key="tts")
    redeem = {
        "title": "Speak", "cost": 25, "pricing": "fixed", "global_cooldown_seconds": 0, "least_role": 0,
        "least_level": 1, "approval": "none", "priority": 0, "seconds": 0, "effects": "[]", "_try_words": "good evening",
    }  # fmt: skip
    _, answer = press_try(admin_client, f"/admin/redeems/redeem/{tts.pk}/change/", redeem)
    assert b'value="good evening"' in answer.content
    sound = sounds.named("fanfare")
    assert sound is not None
    played = {"name": "fanfare", "volume": 1, "aliases": ""}
    press_try(admin_client, f"/admin/effects/sound/{sound.pk}/change/", played)
    assert list(QueueItem.objects.order_by("id").values_list("title", flat=True)) == [
        "TEST: admin is at 7!", "TEST: admin!", "TEST: fanfare", "TEST: good evening", "TEST: fanfare",
    ]  # fmt: skip
    assert OverlayPage.objects.count() == 1


@pytest.mark.usefixtures("stage")
def test_a_redeem_that_does_nothing_any_more_says_so(staff: Callable[..., Client]) -> None:
    row = Redeem.objects.create(key="left", title="Left over")  # by a module of the catalog that was removed
    client = staff("view_redeem", "change_queueitem")
    answer = client.post(f"/admin/redeems/redeem/{row.pk}/change/", {"_try": "x"}, follow=True)
    assert "It could not be tried: this redeem does nothing: it has no effects." in answer.text
