"""Alerts: what the overlays are told of one, the lane of their own, and what of a stored evening comes over to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.utils import timezone

from economy.models import Viewer
from effects.library.alert import Alert
from effects.media import library, sounds
from effects.models import Lane, Media, Overlay, OverlayWidget, QueueItem, Sound, State, WordFilter
from effects.overlays.onscreen import OnScreen
from effects.queue import control, items, lanes, playback, worker
from effects.queue.upkeep import rescue
from effects.registry import Effect, seconds
from effects.registry.values import alert, play_sound
from pixelbot_site.kit.payload_fields import fields_of
from tests.media.conftest import taken  # noqa: F401 (a fixture)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]
Frames = list[dict[str, Any]]


def perform(effect: Effect) -> QueueItem:
    item = items.enqueue(effect)
    worker.drain("notification")
    item.refresh_from_db()
    return item


@pytest.fixture
def fanfare() -> Sound:
    sounds.seed()
    found = sounds.named("fanfare")
    assert found is not None
    Sound.objects.filter(pk=found.pk).update(seconds=7.5, volume=0.5)
    found.refresh_from_db()
    return found


def test_the_overlays_are_told_everything(frames: Frames, fanfare: Sound, taken: Callable[..., Media]) -> None:  # noqa: F811
    cat = taken("cat")
    effect = alert(
        "*Bob* tipped *50 tokens*!", 6, detail="Thank you, *Bob*", design="ribbon", accent="#00AAff", place="top",
        media="CAT", layout="beside", sound="Fanfare", volume=0.5,
    )  # fmt: skip
    item = perform(effect)
    assert frames == [
        {
            "type": "play", "show": "alert", "text": "Bob tipped 50 tokens!", "parts": ["", "Bob", " tipped ", "50 tokens", "!"],
            "detail": "Thank you, Bob", "detail_parts": ["Thank you, ", "Bob", ""], "design": "ribbon", "accent": "#00AAff",
            "place": "top", "layout": "beside", "media": library.address(cat), "video": False,
            "sound": sounds.address(fanfare), "volume": sounds.volume(fanfare, 0.5), "sound_seconds": 7.5, "seconds": 6,
            "lane": "notification", "attempt": 1, "item": item.pk,
        }
    ]  # fmt: skip
    assert item.title == "Bob tipped 50 tokens!"
    assert item.overlay_seconds == seconds(effect) == 7.5, "the sound is heard to its end"
    assert seconds(alert("x", 9, sound="fanfare")) == 9


def test_what_was_stored_before_designs_is_a_card_in_the_centre(frames: Frames) -> None:
    perform(Effect("alert", {"text": "hello", "seconds": 3.0}))
    told = {key: frames[0][key] for key in ("parts", "detail", "design", "place", "accent", "media", "sound")}
    assert told == {
        "parts": ["hello"], "detail": "", "design": "card", "place": "usual", "accent": "", "media": "", "sound": "",
    }  # fmt: skip


def test_what_is_missing_later_is_left_out_and_the_words_are_shown(frames: Frames, taken: Callable[..., Media]) -> None:  # noqa: F811
    default_storage.delete(taken("cat").file_name)
    item = perform(alert("hello", media="cat", sound="nosuch"))
    assert item.state == State.RUNNING
    assert (frames[0]["text"], frames[0]["media"], frames[0]["sound"]) == ("hello", "", "")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", ["plain"]),
        ("*all of it*", ["", "all of it", ""]),
        ("*Bob* said *hi*", ["", "Bob", " said ", "hi", ""]),
        ("2 * 3 * 4 and *open", ["2 * 3 * 4 and *open"]),
        ("a*b*c **d**", ["a*b*c **d**"]),
        # A filtered word is found in parts, and across them.
        ("*darn* it", ["", "gosh", " it"]),
        ("oh *darn* *Eve*", ["oh ", "gosh", " ", "somebody", ""]),
        ("oh *ba* *na*", ["oh fruit"]),
        ("oh *ba*  na!", ["oh fruit!"]),
    ],
)
def test_words_between_asterisks_stand_out_and_hide_nothing_from_filters(
    text: str, parts: list[str], viewer: Callable[..., Viewer]
) -> None:
    WordFilter.objects.create(word="darn", replacement="gosh")
    WordFilter.objects.create(word="ba na", replacement="fruit")
    Viewer.objects.filter(pk=viewer("Eve").pk).update(is_unseen=True)
    assert OnScreen.now().parts(text) == parts


class TestLane:
    """Alerts wait for each other and for nothing else."""

    def test_it_has_its_own_pause_and_is_listed_with_the_others(self, frames: Frames) -> None:
        sounds.seed()
        items.enqueue(play_sound("ding"))
        worker.drain("effect")
        first, second = items.enqueue(alert("one")), items.enqueue(alert("two"))
        worker.drain("notification")
        assert [frame["text"] for frame in frames if frame["show"] == "alert"] == ["one"], "it waits for no sound"
        playback.started(first.pk, 1)
        assert playback.finished(first.pk, 1)
        control.pause("notification", by="fox")
        worker.drain("notification")
        status = {one.name: (one.is_paused, one.waiting) for one in lanes.statuses()}
        assert status == {
            "effect": (False, 0), "notification": (True, 1), "reply": (False, 0), "tts": (False, 0), "wheel": (False, 0),
        }  # fmt: skip
        assert control.clear("notification", by="fox") == 1
        second.refresh_from_db()
        assert second.state == State.CANCELLED

    def test_a_page_that_does_not_answer_ends_it_and_the_next_gets_its_turn(
        self, frames: Frames, woken: list[str], django_capture_on_commit_callbacks: Any
    ) -> None:
        item = perform(alert("one"))
        with django_capture_on_commit_callbacks(execute=True):
            rescue.rescue(now=timezone.now() + timedelta(seconds=7))
        item.refresh_from_db()
        assert item.state == State.FAILED and "notification" in woken

    def test_the_bots_own_never_make_it_longer_than_its_limit(
        self, settings: Any, viewer: Callable[..., Viewer]
    ) -> None:
        settings.QUEUE_OWN_MAX = 3
        for number in range(8):
            items.enqueue(alert(f"tip {number}"))
        pending = QueueItem.objects.filter(state=State.PENDING).order_by("id")
        assert [item.title for item in pending] == ["tip 5", "tip 6", "tip 7"]
        assert QueueItem.objects.filter(state=State.SKIPPED).count() == 5


class TestComingOver:
    """What an evening left when the bot was updated."""

    MIGRATION = import_module("effects.migrations.0026_alerts_in_a_lane")

    def test_alerts_that_wait_go_to_their_lane_with_its_pause(self) -> None:
        control.pause("effect", by="fox")
        for kind, state in (("alert", State.PENDING), ("alert", State.DONE), ("play_sound", State.PENDING)):
            QueueItem.objects.create(kind=kind, lane="effect", state=state)
        self.MIGRATION.to_their_lane(apps, None)
        where = ["notification", "effect", "effect"]
        assert list(QueueItem.objects.order_by("id").values_list("lane", flat=True)) == where
        assert lanes.paused() == {"effect": "fox", "notification": "fox"}
        self.MIGRATION.back_to_effects(apps, None)
        assert set(QueueItem.objects.values_list("lane", flat=True)) == {"effect"} and Lane.objects.count() == 1

    def test_a_box_that_was_moved_stays_and_one_that_was_not_gets_the_screen(self) -> None:
        overlay = Overlay.objects.create()
        overlay.widgets.filter(kind="alert").update(x=15, y=38, width=70, height=22)
        OverlayWidget.objects.create(overlay=overlay, kind="alert", name="mine", x=15, y=40, width=70, height=22)
        self.MIGRATION.widen(apps, None)
        boxes = {row.name: (row.x, row.y, row.width, row.height) for row in overlay.widgets.filter(kind="alert")}
        assert boxes == {"alert": (0, 0, 100, 100), "mine": (15, 40, 70, 22)}
        self.MIGRATION.narrow(apps, None)
        assert overlay.widgets.get(name="alert").width == 70


def test_its_colour_is_picked_and_its_picture_and_sound_are_offered() -> None:
    fields = {field.name: field for field in fields_of(Alert)}
    assert fields["accent"].input == "colour"
    assert (fields["media"].source, fields["sound"].source) == ("media", "sound")
    assert list(fields["design"].choices) == ["card", "banner", "words", "ribbon", "toast"]
