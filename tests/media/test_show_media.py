"""The effect that shows a picture or video, also where its file is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from effects.media import library
from effects.models import Media, QueueItem, State, WordFilter
from effects.queue import items, playback, worker
from effects.registry import kinds, seconds
from effects.registry.values import show_media
from pixelbot_site.index import lamps
from pixelbot_site.index.lamp import Color, Lamp
from pixelbot_site.kit.errors import Refused
from tests.effects.conftest import frames, woken  # noqa: F401 (fixtures)
from tests.media.files import clip

pytestmark = pytest.mark.django_db
Frames = list[dict[str, Any]]


def perform(name: str, **more: Any) -> QueueItem:
    item = items.enqueue(show_media(name, **more))
    worker.drain("effect")
    item.refresh_from_db()
    return item


@pytest.mark.usefixtures("woken")
def test_overlays_are_told_what_to_show(frames: Frames, taken: Callable[..., Media]) -> None:  # noqa: F811
    WordFilter.objects.create(word="darn", replacement="dear")
    cat, video = taken("cat"), taken("clip", clip("webm"))
    item = perform("CAT", text="darn cat", place="top-left", seconds=3)
    assert frames[-1] == {
        "type": "play", "show": "media", "media": library.address(cat), "video": False, "loops": True, "volume": 0, "place": "top-left",
        "text": "dear cat", "seconds": 3, "lane": "effect", "attempt": 1, "item": item.pk,
    }  # fmt: skip
    playback.finished(item.pk, 1)
    item = perform("clip", sound=True, volume=0.5)
    assert frames[-1] | {"item": 0} == {
        "type": "play", "show": "media", "media": library.address(video), "video": True, "loops": False, "volume": 0.5,
        "place": "centre", "text": "", "seconds": video.seconds, "lane": "effect", "attempt": 1, "item": 0,
    }  # fmt: skip
    playback.finished(item.pk, 1)
    item.refresh_from_db()
    assert item.state == State.DONE


def test_its_length_is_known_before(taken: Callable[..., Media], settings: Any) -> None:
    taken("cat")
    video = taken("clip", clip("mp4"))
    assert seconds(show_media("cat")) == 5
    assert seconds(show_media("clip")) == video.seconds == pytest.approx(1.2)
    assert seconds(show_media("clip", seconds=9)) == 9
    settings.QUEUE_ITEM_MAX_SECONDS = 8
    assert seconds(show_media("clip", seconds=9)) == 8


@pytest.mark.usefixtures("woken")
class TestMissing:
    """A file that is gone."""

    @pytest.fixture
    def gone(self, taken: Callable[..., Media]) -> Media:
        media = taken("cat")
        default_storage.delete(media.file_name)
        library.shelf.forget()
        return media

    def test_its_text_is_shown_alone(self, gone: Media, frames: Frames) -> None:  # noqa: F811
        item = perform("cat", text="hello")
        assert item.state == State.RUNNING
        assert (frames[-1]["media"], frames[-1]["text"], frames[-1]["seconds"]) == ("", "hello", 5)

    def test_without_a_text_it_is_not_sold_and_fails(self, gone: Media, frames: Frames, stage: None) -> None:  # noqa: F811
        kind = kinds.get("show_media")
        assert kind is not None
        with pytest.raises(Refused, match="there is no picture or video called cat"):
            kind.require_usable(kind.parse({"media": "cat"}))
        kind.require_usable(kind.parse({"media": "cat", "text": "hello"}))
        item = perform("cat")
        assert (item.state, item.error) == (State.FAILED, "there is no picture or video called cat")
        assert frames == []

    def test_a_lamp_says_so(self, gone: Media, fox: Client) -> None:
        def media_lamp() -> Lamp:
            library.shelf.forget()
            return next(lamp for lamp in lamps.lamps() if lamp.key == "media")

        lamp = media_lamp()
        assert lamp.color == Color.AMBER and lamp.action is not None
        assert lamp.sentences[0].startswith("The file of “cat” is missing: effects show their text alone.")
        assert fox.get(lamp.action.url).status_code == 200 and "its file is missing" in fox.get(lamp.action.url).text
        default_storage.save(gone.file_name, ContentFile(bytes(gone.size)))
        assert media_lamp().color == Color.GREEN
        gone.delete()
        assert media_lamp().color == Color.GREY

    def test_it_is_not_tried(self, gone: Media, fox: Client, stage: None) -> None:
        page = fox.post(f"/admin/effects/media/{gone.pk}/change/", {"name": "cat", "_try": "1"}).text
        assert "It could not be tried: its file is missing." in page


def test_it_is_tried_on_the_overlay(taken: Callable[..., Media], fox: Client, stage: None) -> None:
    media = taken("cat")
    page = fox.post(f"/admin/effects/media/{media.pk}/change/", {"name": "cat", "_try": "1"}).text
    assert "It is shown on the overlay, marked TEST." in page
    assert QueueItem.objects.get().payload == {"media": "cat", "seconds": 5}


def test_fields_of_effects_offer_the_names(taken: Callable[..., Media], fox: Client) -> None:
    taken("cat")
    assert fox.get("/admin/effects/obsconnection/names/").json()["media"] == ["cat"]
