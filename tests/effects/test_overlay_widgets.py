"""Overlays and their widgets: what a page is told, which page is heard, and what of viewers is on screen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from economy.models import Viewer
from effects.library.speak import Speak
from effects.models import Overlay, OverlayPage, OverlayWidget, QueueItem, State, WordFilter
from effects.overlays import feed, layout, messages, pages
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget, widgets
from effects.queue import items, playback, worker
from effects.queue.upkeep import rescue
from effects.registry import Effect, OverlayTask, kinds
from effects.registry.values import alert, speak
from effects.voice import speech
from effects.wheel import seed
from pixelbot_site.asgi import application
from pixelbot_site.kit.errors import Refused

pytestmark = pytest.mark.django_db

Make = Callable[..., Viewer]


class Lamp(Options):
    label: str = "On air"


LIT = {"times": 0, "stamps": 0}


@pytest.fixture
def lamp() -> Iterator[str]:
    """A widget that shows whether a lane is paused, and counts how often it is asked."""

    def stamp(options: Lamp) -> int:
        LIT["stamps"] += 1
        return WordFilter.objects.count()

    @widget("lamp", title="Lamp", box=Box(1, 2, 3, 4), options=Lamp, stamp=stamp)
    def snapshot(options: Lamp, screen: OnScreen) -> dict[str, Any]:
        LIT["times"] += 1
        if options.label == "broken":
            raise ValueError(options.label)
        return {"label": options.label, "words": WordFilter.objects.count()}

    LIT.update(times=0, stamps=0)
    yield "lamp"
    del widgets._things["lamp"]


def hide(viewer: Viewer) -> None:
    Viewer.objects.filter(pk=viewer.pk).update(is_unseen=True)


def greeting(overlay: Overlay, alone: str = "") -> dict[str, Any]:
    return layout.hello(overlay, alone, leads=True, playing=[])


def names(hello: dict[str, Any], *, unseen: bool = False) -> list[str]:
    return [told["name"] for told in hello["widgets"] if told.get("unseen", False) == unseen]


class TestLayout:
    """The widgets of an overlay, and the first message to its pages."""

    def test_a_new_overlay_has_the_first_widgets_and_a_stored_one_keeps_its_own(self) -> None:
        overlay = Overlay.objects.create()
        assert names(greeting(overlay)) == ["caption", "wheel", "media", "alert", "confetti"]  # from below
        overlay.widgets.filter(name="wheel").delete()
        overlay.save()
        assert names(greeting(overlay)) == ["caption", "media", "alert", "confetti"]

    def test_a_widget_that_is_switched_off_is_seen_only_where_it_is_alone(self) -> None:
        overlay = Overlay.objects.create()
        overlay.widgets.filter(name="alert").update(enabled=False)
        assert "alert" not in names(greeting(overlay))
        assert names(greeting(overlay, "alert")) == ["alert"]

    def test_what_makes_sounds_is_on_every_page_at_least_unseen(self) -> None:
        overlay = Overlay.objects.create()
        assert names(greeting(overlay), unseen=True) == []
        assert names(greeting(overlay, "goal"), unseen=True) == [
            "unseen-alert",
            "unseen-caption",
            "unseen-media",
            "unseen-wheel",
        ]

    def test_place_theme_and_files_are_told(self) -> None:
        overlay = Overlay.objects.create(theme="neon")
        overlay.widgets.filter(name="wheel").update(x=1.5, y=2, width=30, height=40, order=9, scale=1.25)
        hello = greeting(overlay)
        (wheel,) = (told for told in hello["widgets"] if told["name"] == "wheel")
        assert (hello["type"], hello["version"], hello["theme"], hello["alone"]) == ("hello", 1, "neon", False)
        assert wheel == {
            "kind": "wheel", "plays": ["wheel"], "name": "wheel", "x": 1.5, "y": 2.0, "width": 30.0, "height": 40.0,
            "order": 9, "scale": 1.25, "snapshot": {}, "script": "/static/effects/overlay/widgets/wheel.js",
            "style": "/static/effects/overlay/widgets/wheel.css",
        }  # fmt: skip

    def test_a_broken_widget_or_options_that_no_longer_fit_do_not_keep_the_others_away(self, lamp: str) -> None:
        overlay = Overlay.objects.create()
        for name, label in (("a", "broken"), ("b", ["no text"]), ("c", "fine")):
            OverlayWidget.objects.create(overlay=overlay, kind=lamp, name=name, options={"label": label})
        OverlayWidget.objects.create(overlay=overlay, kind="of a version to come", name="d")
        told = {one["name"]: one["snapshot"] for one in greeting(overlay)["widgets"]}
        assert (told["a"], told["b"]["label"], told["c"]["label"]) == ({}, "On air", "fine") and "d" not in told

    def test_two_claims_to_one_name_are_refused(self) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"The widget “wheel” is claimed twice: by effects\.overlays"):
            widget("wheel", title="Another", box=Box(0, 0, 1, 1))(lambda options, screen: {})

    def test_one_alone_has_an_address_of_its_own_and_no_other_name_has(self, client: Client) -> None:
        overlay = Overlay.objects.create()
        page = client.get(f"{overlay.page_path()}wheel/")
        assert page.status_code == 200 and 'data-widget="wheel"' in page.text
        assert client.get(f"{overlay.page_path()}nothing/").status_code == 404
        assert client.get("/overlay/wrong/wheel/").status_code == 404


class TestLeader:
    """Of the open pages of an overlay, one is heard."""

    @pytest.fixture
    def overlay(self) -> Overlay:
        return Overlay.objects.create()

    def leaders(self) -> list[str]:
        found = OverlayPage.objects.order_by("channel").values_list("channel", "overlay")
        return [channel for channel, overlay in found if pages.leader(overlay) == channel]

    def test_it_is_the_first_and_when_it_goes_the_next(self, overlay: Overlay) -> None:
        for channel in "abc":
            pages.opened(channel, overlay)
        assert self.leaders() == ["a"]
        pages.closed("a")
        assert self.leaders() == ["b"]
        pages.opened("a", overlay)
        assert self.leaders() == ["b"]

    def test_obs_comes_before_a_tab_and_who_may_sound_before_who_waits_for_a_click(self, overlay: Overlay) -> None:
        pages.opened("tab", overlay)
        pages.opened("obs", overlay, in_obs=True)
        assert self.leaders() == ["obs"]
        pages.set_may_sound("obs", False)
        assert self.leaders() == ["tab"]
        pages.set_may_sound("tab", False)
        assert self.leaders() == ["obs"]

    def test_each_overlay_has_its_own_and_one_without_sound_has_none(self, overlay: Overlay) -> None:
        pages.opened("a", overlay)
        pages.opened("b", Overlay.objects.create(name="Second"))
        assert self.leaders() == ["a", "b"]
        Overlay.objects.filter(name="Second").update(sound=False)
        assert self.leaders() == ["a"]

    def test_a_page_whose_process_died_is_not_the_one(self, overlay: Overlay) -> None:
        for channel in "ab":
            pages.opened(channel, overlay)
        OverlayPage.objects.filter(channel="a").update(until=timezone.now() - timedelta(seconds=1))
        assert self.leaders() == ["b"]


class TestPlace:
    """What no open page could show is refused before it is sold."""

    def test_a_widget_that_is_not_there_is_not_sold(self) -> None:
        overlay = Overlay.objects.create()
        with pytest.raises(Refused, match="closed"):
            pages.require_open("alert")
        pages.opened("page", overlay)
        pages.require_open("alert")
        overlay.widgets.filter(kind="alert").update(enabled=False)
        with pytest.raises(Refused, match="no place for it"):
            pages.require_open("alert")
        pages.opened("alone", overlay, widget="alert")
        pages.require_open("alert")

    def test_what_is_heard_needs_sound_or_a_caption(self) -> None:
        overlay = Overlay.objects.create()
        pages.opened("page", overlay)
        overlay.widgets.filter(kind="caption").delete()
        pages.require_open("speak", heard=True)
        Overlay.objects.update(sound=False)
        for kind, effect in (("speak", speak("hi")), ("play_sound", None)):
            found = kinds.get(kind)
            assert found is not None
            with pytest.raises(Refused, match="no place for it"):
                found.require_ready()
            assert effect is None or Speak.model_validate(effect.payload)

    def test_a_page_with_one_widget_alone_has_no_place_for_another(self) -> None:
        pages.opened("page", Overlay.objects.create(), widget="caption")
        with pytest.raises(Refused, match="no place for it"):
            pages.require_open("wheel")


class TestOnScreen:
    """Names and texts of viewers."""

    def test_filters_and_wishes_apply_to_names_and_texts(self, viewer: Make) -> None:
        WordFilter.objects.create(word="darn", replacement="gosh")
        hide(viewer("Eve.*"))
        screen = OnScreen.now()
        assert (screen.name("Darn"), screen.name("EVE.*"), screen.name("Bob\u202e"), screen.name("")) == (
            "gosh", "somebody", "Bob", "",
        )  # fmt: skip
        assert screen.text("eve.* said darn at http://x.com to Eve.*!") == "somebody said gosh at link to somebody!"
        assert screen.text("Evenings, Steve") == "Evenings, Steve"

    def test_events_lose_the_names_and_the_lines_of_who_is_not_on_screen(self, viewer: Make) -> None:
        hide(viewer("Eve"))
        tip = {"kind": "tipped", "username": "Eve", "text": "Eve tipped 5 tokens", "tokens": 5}
        line = {"kind": "new_message", "username": "Eve", "text": "hello"}
        other = {"kind": "new_message", "username": "Bob", "text": "hello @eve"}
        assert feed.fit_for_screen([tip, line, other]) == [
            {"kind": "tipped", "username": "somebody", "text": "somebody tipped 5 tokens", "tokens": 5},
            {"kind": "new_message", "username": "Bob", "text": "hello @somebody"},
        ]

    @pytest.mark.usefixtures("woken")
    def test_speech_wheel_and_alerts_call_them_somebody(self, viewer: Make, frames: list[dict[str, Any]]) -> None:
        eve = viewer("Eve")
        hide(eve)
        seed()
        speech.seed()
        for effect in (speak("I am Eve", source="redeem"), Effect("spin_wheel"), alert("Eve came")):
            items.enqueue(effect, viewer=eve)
        for lane in ("tts", "wheel", "notification"):
            worker.drain(lane)
        spoken, wheel, shown = (frame for frame in frames if frame["type"] == "play" and frame["show"] != "sound")
        assert (spoken["user"], spoken["prefix"], spoken["text"]) == (
            "somebody", "somebody said:", "somebody said: I am somebody",
        )  # fmt: skip
        assert QueueItem.objects.filter(kind="speak").earliest("id").speech_text.startswith("somebody said")
        assert (wheel["user"], shown["text"]) == ("somebody", "somebody came")


class TestReports:
    """What a page has received but not begun."""

    @pytest.mark.usefixtures("woken", "frames")
    def test_the_reason_says_whether_any_page_had_it(self, kind: Any) -> None:
        name = kind("show", lambda item: OverlayTask({"type": "show"}, seconds=2))
        reasons = []
        for has_it in (False, True):
            item = items.enqueue(Effect(name))
            worker.drain("test")
            if has_it:
                playback.received(item.pk, 1)
            rescue.rescue(now=timezone.now() + timedelta(seconds=7))
            item.refresh_from_db()
            assert item.state == State.FAILED
            reasons.append(item.error)
        assert reasons == [rescue.NO_OVERLAY, rescue.NOT_BEGUN]

    @pytest.mark.usefixtures("woken", "frames")
    def test_a_late_page_is_told_how_long_ago_it_began(self, kind: Any) -> None:
        item = items.enqueue(Effect(kind("show", lambda item: OverlayTask({"type": "show"}, seconds=9))))
        worker.drain("test")
        assert "elapsed" not in playback.playing()[0][1]
        playback.started(item.pk, 1)
        QueueItem.objects.update(playing_at=timezone.now() - timedelta(seconds=4))
        ((_, message),) = playback.playing()
        assert message["length"] == 9 and message["elapsed"] == pytest.approx(4, abs=1)


def socket(overlay: Overlay, query: str = "") -> WebsocketCommunicator:
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    return WebsocketCommunicator(application, f"/overlay/{overlay.secret}/socket/{query}", headers=headers)


async def opened(overlay: Overlay, query: str = "") -> WebsocketCommunicator:
    page = socket(overlay, query)
    assert (await page.connect())[0]
    return page


async def next_of(page: WebsocketCommunicator, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            frame: dict[str, Any] = json.loads(await page.receive_from(20))
            if frame["type"] == kind:
                return frame


async def words(page: WebsocketCommunicator) -> int:
    """Return the words that the lamp is told of next, other than none."""
    while True:
        if found := (await next_of(page, "update"))["data"]["words"]:
            return int(found)


make_overlay = sync_to_async(Overlay.objects.create)


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
class TestSocket:
    """What goes over the socket."""

    async def test_the_next_page_is_told_to_be_heard(self) -> None:
        overlay = await make_overlay()
        first, second = await opened(overlay), await opened(overlay, "?obs=0")
        assert [(await next_of(page, "hello"))["leader"] for page in (first, second)] == [True, False]
        await first.disconnect(timeout=20)
        assert (await next_of(second, "leader"))["leader"] is True
        third = await opened(overlay)
        assert (await next_of(third, "hello"))["leader"] is False
        await second.send_to(json.dumps({"type": "sound", "allowed": False}))
        assert (await next_of(second, "leader"))["leader"] is False
        assert (await next_of(third, "leader"))["leader"] is True
        for page in (second, third):
            await page.disconnect(timeout=20)

    async def test_a_preview_neither_counts_nor_reports(self, kind: Any, woken: list[str]) -> None:
        overlay = await make_overlay()
        page = await opened(overlay, "?preview=1")
        assert (await next_of(page, "hello"))["leader"] is False
        assert not await sync_to_async(pages.is_open)()
        name = kind("show", lambda item: OverlayTask({"type": "show"}, seconds=1))
        item = await sync_to_async(items.enqueue)(Effect(name))
        await sync_to_async(worker.drain)("test")
        await next_of(page, "play")
        await page.send_to(json.dumps({"type": "finished", "item": item.pk, "attempt": 1}))
        await page.send_to(json.dumps({"type": "sound", "allowed": True}))
        await page.disconnect(timeout=20)
        await item.arefresh_from_db()
        assert item.state == State.RUNNING

    async def test_a_page_is_told_of_the_events_of_its_widgets_or_of_all(self) -> None:
        overlay = await make_overlay()
        await sync_to_async(OverlayWidget.objects.create)(overlay=overlay, kind="events", name="events")
        all_widgets, wheel, everything = [
            await opened(overlay, query) for query in ("", "?widget=wheel", "?widget=wheel&events=all")
        ]
        for page in (all_widgets, wheel, everything):
            await next_of(page, "hello")
        happened = [
            {"kind": "tipped", "uid": "1", "username": "Bob", "text": "Bob tipped"},
            {"kind": "left", "uid": "2", "username": "Bob", "text": ""},
        ]
        await sync_to_async(messages.happened)(happened)
        assert [event["uid"] for event in (await next_of(all_widgets, "events"))["events"]] == ["1"]
        assert [event["uid"] for event in (await next_of(everything, "events"))["events"]] == ["1", "2"]
        assert await wheel.receive_nothing()
        for page in (all_widgets, wheel, everything):
            await page.disconnect(timeout=20)

    async def test_data_is_made_once_for_all_pages_when_it_changed_and_never_while_none_shows_it(
        self, lamp: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feed, "LOOK_EVERY", 0.05)
        overlay = await make_overlay()
        await sync_to_async(OverlayWidget.objects.create)(overlay=overlay, kind=lamp, name="lamp")
        plain = await opened(overlay, "?widget=wheel")
        await next_of(plain, "hello")
        await asyncio.sleep(0.3)
        assert LIT == {"times": 0, "stamps": 0}
        shown = [await opened(overlay) for _ in range(3)]
        for page in shown:
            await next_of(page, "hello")
        assert (await next_of(shown[0], "update"))["data"]["words"] == 0
        made = LIT["times"]
        asked = LIT["stamps"]
        async with asyncio.timeout(20):
            while LIT["stamps"] < asked + 3:
                await asyncio.sleep(0.05)
        assert LIT["times"] == made
        await sync_to_async(WordFilter.objects.create)(word="a", replacement="b")
        assert [await words(page) for page in shown] == [1, 1, 1]
        assert LIT["times"] == made + 1
        for page in (plain, *shown):
            await page.disconnect(timeout=20)
        asked = LIT["stamps"]
        await asyncio.sleep(0.3)
        assert LIT["stamps"] <= asked + 1  # the look that was on its way

    async def test_staff_change_the_overlay_and_open_pages_follow(self) -> None:
        overlay = await make_overlay()
        page = await opened(overlay)
        assert (await next_of(page, "hello"))["theme"] == "calm"
        await sync_to_async(Overlay.objects.update)(theme="paper")
        await sync_to_async(messages.recheck)()
        assert (await next_of(page, "hello"))["theme"] == "paper"
        await page.disconnect(timeout=20)
