"""The overlay's websocket, spoken to as the page does."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.utils import timezone
from prometheus_client import REGISTRY

from effects import consumers
from effects.models import Overlay, OverlayPage, QueueItem, State
from effects.overlays import messages, pages
from effects.overlays.sockets import OpenSockets
from effects.queue import items, playback, worker
from effects.registry import Effect, OverlayTask
from pixelbot_site.asgi import application

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


@sync_to_async
def an_overlay() -> Overlay:
    made = Overlay.objects.create()
    made.widgets.get_or_create(kind="events", defaults={"name": "events"})
    return made


def socket(secret: str) -> WebsocketCommunicator:
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    return WebsocketCommunicator(application, f"/overlay/{secret}/socket/", headers=headers)


async def connected(*playing: int) -> WebsocketCommunicator:
    """A page that is connected, and was told what is playing."""
    page = socket((await an_overlay()).secret)
    assert (await page.connect())[0]
    hello = json.loads(await page.receive_from())
    assert (hello["type"], hello["version"], hello["playing"], hello["leader"]) == ("hello", 1, list(playing), True)
    return page


async def test_a_wrong_secret_is_a_closed_socket() -> None:
    await an_overlay()
    connected, _ = await socket("wrong").connect()
    assert not connected


async def test_a_socket_at_any_other_address_is_closed_and_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    made = await an_overlay()
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    for path in (f"/overlay/{made.secret}/", f"/overlay/{made.secret}/socket/more/", "/"):
        connected, _ = await WebsocketCommunicator(application, path, headers=headers).connect()
        assert not connected
    assert made.secret not in caplog.text and "Traceback" not in caplog.text


async def test_a_report_nested_too_deeply_leaves_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    page = await connected()
    await page.send_to(text_data="[" * consumers.MAX_REPORT_CHARS)
    assert (await page.receive_output())["type"] == "websocket.close"
    await page.disconnect()
    assert "Main sent a" in caplog.text and "Traceback" not in caplog.text


async def test_a_report_that_is_too_long_closes_the_socket(caplog: pytest.LogCaptureFixture) -> None:
    page = await connected()
    await page.send_to(text_data="[" * 100_000)
    assert (await page.receive_output())["type"] == "websocket.close"
    assert "sent a report of more than 2000 characters, and is disconnected" in caplog.text


async def test_a_page_that_reports_too_often_is_disconnected_and_said_so_once(caplog: pytest.LogCaptureFixture) -> None:
    page = await connected()
    report = json.dumps({"type": "finished", "item": 1, "attempt": 1})
    for _ in range(consumers.MAX_REPORTS_A_SECOND + 20):
        await page.send_to(report)
    assert (await page.receive_output())["type"] == "websocket.close"
    await page.disconnect()
    assert caplog.text.count("sent more than 100 reports in a second, and is disconnected") == 1


async def test_no_more_pages_are_connected_than_the_setting_allows(
    settings: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OVERLAY_SOCKETS_MAX = 2
    monkeypatch.setattr(consumers, "_open", OpenSockets())
    made = await an_overlay()

    async def let_in(page: WebsocketCommunicator) -> bool:
        return bool((await page.connect())[0])

    pages = [socket(made.secret) for _ in range(2)]
    assert [await let_in(page) for page in pages] == [True, True]
    assert [await let_in(socket(made.secret)) for _ in range(3)] == [False] * 3
    assert caplog.text.count("was refused: 2 pages are connected, as OVERLAY_SOCKETS_MAX allows") == 1
    assert not await let_in(socket("wrong"))
    await pages[0].disconnect()
    assert await let_in(socket(made.secret))


@pytest.mark.parametrize(
    ("host", "origin", "is_ours"),
    [
        ("localhost:8000", "http://localhost:8000", True),
        ("LocalHost:8000", "http://localhost:8000", True),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("localhost:8000", "http://localhost:3000", False),
        ("127.0.0.1:8000", "http://localhost:8000", False),
        ("localhost:8000", "http://elsewhere.example", False),
        ("elsewhere.example", "http://elsewhere.example", False),  # a name of theirs that leads here
        ("localhost:8000", "", False),
        ("localhost:8000", "null", False),
        ("", "http://localhost", False),
        ("bot.example.org", "https://bot.example.org", True),
        ("localhost:8000", "https://bot.example.org", False),
        ("localhost:8000", "https://front.example.org", True),  # a proxy that asks for this machine's own name
    ],
)
async def test_a_page_of_another_site_or_program_is_a_closed_socket(
    host: str, origin: str, is_ours: bool, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["bot.example.org", "localhost", "127.0.0.1", "[::1]"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://front.example.org"]
    headers = [(b"host", host.encode()), (b"origin", origin.encode())]
    path = f"/overlay/{(await an_overlay()).secret}/socket/"
    assert (await WebsocketCommunicator(application, path, headers=headers).connect())[0] is is_ours


async def test_a_connected_page_is_stored_as_open_until_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "RENEW_EVERY", 0.4)
    monkeypatch.setattr(pages, "GRACE", timedelta(0))
    is_open = sync_to_async(pages.is_open)
    assert not await is_open()
    page = await connected()
    assert await is_open()

    def lapse() -> bool:
        """Let the lease run out, and return whether the page counts as open, before it can be renewed."""
        OverlayPage.objects.update(until=timezone.now())
        return pages.is_open()

    assert not await sync_to_async(lapse)()
    async with asyncio.timeout(20):
        while not await is_open():  # it is renewed
            await asyncio.sleep(0.02)
    await page.disconnect(timeout=20)
    assert not await is_open()


async def test_a_page_whose_socket_is_cancelled_as_the_server_ends_is_stored_as_closed() -> None:
    page = await connected()
    first = await sync_to_async(OverlayPage.objects.get)()
    assert await sync_to_async(pages.leader)(first.overlay_id) == first.channel
    page.future.cancel()  # as Daphne does
    with pytest.raises(asyncio.CancelledError):
        await page.future
    assert await sync_to_async(pages.leader)(first.overlay_id) == ""


async def test_it_passes_on_what_is_told() -> None:
    page = await connected()
    await sync_to_async(messages.show)(7, {"type": "speak", "text": "<b>&"})
    assert json.loads(await page.receive_from()) == {
        "type": "play",
        "show": "speak",
        "text": "<b>&",
        "item": 7,
    }
    await page.disconnect()


async def test_what_is_told_meanwhile_comes_after_the_greeting_and_a_broken_page_keeps_nobody_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = await an_overlay()
    opened = [socket(made.secret) for _ in range(3)]
    playing = playback.playing

    def playing_late(screen: str) -> Any:
        found = playing(screen)
        messages.show(8, {"type": "speak"})
        time.sleep(0.1)  # the event loop takes it before the page gets its answer
        return found

    for number, page in enumerate(opened):
        monkeypatch.setattr(playback, "playing", playing_late if number == 2 else playing)
        assert (await page.connect())[0]
    assert json.loads(await opened[2].receive_from())["type"] == "hello"
    assert json.loads(await opened[2].receive_from())["item"] == 8

    async def broken(text: str) -> None:
        raise RuntimeError("it is closing")

    monkeypatch.setattr(next(iter(consumers._open._open)), "tell", broken)
    await sync_to_async(messages.show)(9, {"type": "speak"})
    assert json.loads(await opened[2].receive_from())["item"] == 9
    for page in opened:
        await page.disconnect()


async def test_a_page_that_comes_has_none_of_the_others_ask_who_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    made = await an_overlay()
    changes = REGISTRY.get_sample_value("pixelbot_overlay_leader_changes_total") or 0.0
    asked: list[int] = []
    leader = pages.leader

    def leader_asked(overlay_id: int) -> str:
        asked.append(overlay_id)
        return leader(overlay_id)

    monkeypatch.setattr(pages, "leader", leader_asked)
    opened = [socket(made.secret) for _ in range(6)]
    for page in opened:
        assert (await page.connect())[0]
        await page.receive_from()
    assert len(asked) == 2 * len(opened)  # once for all, and once for its own greeting
    await opened[0].disconnect()
    frame = await opened[1].receive_from()
    assert json.loads(frame) == {"type": "leader", "leader": True}
    assert len(asked) == 2 * len(opened) + 2  # and the one that takes over, to be sure
    assert REGISTRY.get_sample_value("pixelbot_overlay_sockets") == len(opened) - 1
    assert REGISTRY.get_sample_value("pixelbot_overlay_leader_changes_total") == changes + 1
    for page in opened[1:]:
        await page.disconnect()
    assert REGISTRY.get_sample_value("pixelbot_overlay_sockets") == 0


async def test_a_page_that_is_open_for_two_days_is_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    page = await connected()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 48 * 3600)
    event = {"kind": "tipped", "uid": "1", "username": "Ann", "text": "Ann tipped", "tokens": 5}
    for number in range(2):  # the channel layer looks at who is too old when the first is read
        await sync_to_async(messages.show)(number, {"type": "speak"})
        assert json.loads(await page.receive_from())["item"] == number
        await sync_to_async(messages.happened)([event])
        assert json.loads(await page.receive_from())["events"][0]["uid"] == "1"
    await page.disconnect()


async def test_reports_end_items(kind: Any, woken: list[str]) -> None:
    page = await connected()
    name = kind("show", lambda item: OverlayTask({"type": "show"}, seconds=1))
    item = await sync_to_async(items.enqueue)(Effect(name))
    await sync_to_async(worker.drain)("test")
    assert json.loads(await page.receive_from())["item"] == item.pk
    for words in (
        "no json",
        "[]",
        '{"type": "finished"}',
        '{"type": "finished", "item": "x"}',
        '{"type": "finished", "item": Infinity, "attempt": 1}',
        '{"type": "dance", "item": 1, "attempt": 1}',
    ):
        await page.send_to(words)
    await page.send_to(json.dumps({"type": "started", "item": item.pk, "attempt": 1}))
    await page.send_to(json.dumps({"type": "finished", "item": item.pk, "attempt": 1}))
    await until(item, State.DONE)
    assert item.playing_at is not None
    await page.disconnect()


async def test_a_report_of_failure_fails_the_item(kind: Any, woken: list[str]) -> None:
    page = await connected()
    item = await sync_to_async(items.enqueue)(
        Effect(kind("show", lambda item: OverlayTask({"type": "show"}, seconds=1)))
    )
    await sync_to_async(worker.drain)("test")
    await page.send_to(json.dumps({"type": "failed", "item": item.pk, "attempt": 1, "reason": "no such file"}))
    await until(item, State.FAILED)
    assert item.error == "the overlay could not play it: no such file"
    await page.disconnect()


async def test_a_late_page_is_told_what_is_playing(kind: Any, woken: list[str]) -> None:
    item = await sync_to_async(items.enqueue)(
        Effect(kind("show", lambda item: OverlayTask({"type": "show"}, seconds=1)))
    )
    await sync_to_async(worker.drain)("test")
    page = await connected(item.pk)
    assert json.loads(await page.receive_from()) == {
        "type": "play",
        "show": "show",
        "lane": "test",
        "attempt": 1,
        "item": item.pk,
    }
    await page.disconnect()


async def test_a_changed_secret_closes_the_open_socket() -> None:
    page = await connected()
    await sync_to_async(Overlay.objects.update)(secret="another")
    await sync_to_async(messages.recheck)()
    assert (await page.receive_output())["type"] == "websocket.close"


async def until(item: QueueItem, state: State) -> None:
    """Wait for the state; the socket answers no report."""
    async with asyncio.timeout(5):
        while item.state != state:
            await asyncio.sleep(0.01)
            await item.arefresh_from_db()
