"""Overlays of several channels: each shows what is of its own channel, and none waits for another's lanes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client
from django.utils import timezone

from economy.models import Viewer
from effects.models import Lane, Overlay, QueueItem, State
from effects.overlays import facts, layout, messages, pages, screens
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import widgets
from effects.queue import control, items, lanes, playback, worker
from effects.registry import OverlayTask
from effects.registry.values import alert, speak
from joystick.models import Install, Reaction
from joystick.simulator.happenings import Happening, tip
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.errors import Refused
from tests.effects.test_consumer import socket

A, B, C = "channel-a", "channel-b", "channel-c"


def of(channel: str, happening: Happening) -> Happening:
    return replace(happening, channel_id=channel)


@pytest.fixture
def overlays(db: None) -> Iterator[dict[str, Overlay]]:
    """An overlay of each of two channels, and one of every other."""
    screens.stored.use(screens.read)
    yield make()
    screens.stored.use(None)


def in_line(channel: str, text: str) -> QueueItem:
    with present_channel.within(channel):
        return items.enqueue(speak(text))


def test_no_lane_waits_for_the_same_of_another_channel(overlays: dict[str, Overlay]) -> None:
    made = {channel: in_line(channel, f"of {channel}") for channel in (A, B, C, "")}
    assert [item.lane for item in made.values()] == [f"tts@{A}", f"tts@{B}", "tts", "tts"]
    first = worker.claim(f"tts@{A}")
    assert first == made[A] and in_line(A, "more").lane == f"tts@{A}" and worker.claim(f"tts@{A}") is None
    assert worker.claim(f"tts@{B}") == made[B] and worker.claim("tts") == made[C]
    assert [status.name for status in lanes.statuses() if status.running] == ["tts", f"tts@{A}", f"tts@{B}"]
    Install.objects.create(channel_id=B, username="Bea", last_event_at=timezone.now())
    assert "tts (Bea)" in [status.label for status in lanes.statuses()]
    # What follows an item is of its channel.
    assert items.hand_on(made[B], alert("next")).lane == "notification"
    with present_channel.within(B):
        assert items.hand_on(made[B], alert("next")).lane == f"notification@{B}"
        assert lanes.bought("tts") == 0


def test_stopping_everything_in_one_channel_stops_nothing_in_another(
    overlays: dict[str, Overlay],
    frames: list[dict[str, Any]],
    viewer: Callable[..., Viewer],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    of_a, of_b, of_c = (in_line(channel, "hi") for channel in (A, B, C))
    with present_channel.within(B), django_capture_on_commit_callbacks(execute=True):
        assert control.panic(by="Mo") == 1
        assert control.named_lanes("tts") == [f"tts@{B}"] and "tts" in lanes.paused_here()
    with present_channel.within(C):
        assert lanes.paused_here() == [] and lanes.place(viewer("Bob"))[0] == 1
    states = [QueueItem.objects.get(pk=item.pk).state for item in (of_a, of_b, of_c)]
    assert states == [State.PENDING, State.CANCELLED, State.PENDING]
    assert {row.name.partition("@")[2] for row in Lane.objects.filter(paused_at__isnull=False)} == {B}
    with present_channel.within(A):
        assert control.calm(by="Ann") == []
    assert f"tts@{B}" in control.calm(by="admin")
    assert control.panic(by="admin") == 2  # the dashboard means all


def test_what_is_sold_needs_an_overlay_of_its_channel(overlays: dict[str, Overlay]) -> None:
    pages.opened("a page", overlays[A])
    with present_channel.within(A):
        pages.require_open("alert")
        assert pages.is_heard()
    for channel in (B, C, ""):
        with present_channel.within(channel), pytest.raises(Refused):
            pages.require_open("alert")
    # With no overlay for all the others, what is of no channel is on the first one, and what is of another nowhere.
    overlays[""].delete()
    screens.stored.read_again()
    with present_channel.within(C):
        assert screens.here() == "" and not pages.is_open()
    assert screens.here() == A and pages.is_open()


def test_figures_on_an_overlay_are_of_its_channel(
    overlays: dict[str, Overlay], deliver: Callable[..., None], stage: None
) -> None:
    Reaction.objects.create(occasion="tip", effects=[{"kind": "alert", "text": "{user}"}])
    deliver(of(A, tip("Ann", 10)), of(B, tip("Bo", 30)), of(C, tip("Cy", 5)))
    found = {}
    for channel, overlay in overlays.items():
        overlay.widgets.get_or_create(kind="latest", defaults={"name": "latest"})
        hello = layout.hello(overlay, "", leads=True, playing=[])
        (cells,) = (one["snapshot"]["cells"] for one in hello["widgets"] if one["kind"] == "latest")
        found[channel] = {cell["name"] for cell in cells if cell["kind"] == "tip"}
    assert found == {A: {"Ann"}, B: {"Bo"}, "": {"Cy"}}  # of all channels, the latest
    lanes_of = QueueItem.objects.order_by("pk").values_list("title", "lane")
    assert dict(lanes_of) == {"Ann": f"notification@{A}", "Bo": f"notification@{B}", "Cy": "notification"}
    with present_channel.within(B):
        made = widgets.get("queue")
        assert made is not None and made.snapshot(made.options(), OnScreen.now())["waiting"] == 1
        assert facts.tippers(None, 5)[0].username == "Bo"


def make() -> dict[str, Overlay]:
    """An overlay of each of two channels, and one of every other; each shows events."""
    made = {channel: Overlay.objects.create(name=channel or "others", channel_id=channel) for channel in (A, B, "")}
    for overlay in made.values():
        overlay.widgets.get_or_create(kind="events", defaults={"name": "events"})
    return made


def play(channel: str) -> None:
    """Have an item of the channel played."""
    item = in_line(channel, "hi")
    item.state, item.attempts = State.RUNNING, 1
    item.save()
    items._hand_to_overlays(item, OverlayTask({"type": "speak"}, 1.0))


def panic_in(channel: str) -> None:
    with present_channel.within(channel):
        control.panic(by="Mo")


async def heard(opened: dict[str, WebsocketCommunicator], step: Callable[[], Any]) -> dict[str, list[str]]:
    """Return the types of what each page is told by a step."""
    await sync_to_async(step)()
    await sync_to_async(messages.recheck)()  # it greets each page anew: so each has got what came before
    found: dict[str, list[str]] = {}
    for channel, page in opened.items():
        while (frame := json.loads(await page.receive_from(5)))["type"] != "hello":
            found.setdefault(channel, []).append(frame["type"])
    return {channel: [kind for kind in kinds if kind != "leader"] for channel, kinds in found.items()}


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_messages_go_to_the_overlays_of_their_channel(deliver: Callable[..., None]) -> None:
    made = await sync_to_async(make)()
    opened = {channel: socket(overlay.secret) for channel, overlay in made.items()}
    playing = sync_to_async(playback.playing)
    screens.stored.use(screens.read)
    try:
        for page in opened.values():
            assert (await page.connect())[0] and json.loads(await page.receive_from())["type"] == "hello"
        assert await heard(opened, lambda: play(A)) == {A: ["play"]}
        assert await heard(opened, lambda: play(C)) == {"": ["play"]}
        both = (of(A, tip("Ann", 10)), of(C, tip("Cy", 5)))
        assert await heard(opened, lambda: deliver(*both)) == {A: ["events"], "": ["events"]}
        # One that connects late is told what plays on its own.
        assert [len(await playing(screen)) for screen in (A, B, "")] == [1, 0, 1]
        assert await heard(opened, lambda: panic_in(B)) == {B: ["silence"]}
        assert await heard(opened, messages.silence) == {channel: ["silence"] for channel in (A, B, "")}
    finally:
        screens.stored.use(None)
        for page in opened.values():
            await page.disconnect()


def test_the_channel_is_asked_for_where_there_are_several(staff: Callable[..., Client], db: None) -> None:
    overlay = Overlay.objects.create()
    client = staff("view_overlay", "change_overlay", "add_overlay")
    address = f"/admin/effects/overlay/{overlay.pk}/change/"
    for number, channel in enumerate((A, B)):
        assert ("channel_id" in client.get(address).content.decode()) is (number > 1)
        Install.objects.create(channel_id=channel, username=f"Name of {channel}", last_event_at=timezone.now())
    page = client.get(address).content.decode()
    assert f'<option value="{B}">Name of {B}</option>' in page and 'name="channel_id"' in page
    Overlay.objects.filter(pk=overlay.pk).update(channel_id=B)
    assert f"Name of {B}" in client.get("/admin/effects/overlay/").content.decode()
    # One that is chosen stays to be seen, and to be taken back.
    Install.objects.all().delete()
    assert f'<option value="{B}" selected>{B}</option>' in client.get(address).content.decode()
