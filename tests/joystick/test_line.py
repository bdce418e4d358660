"""The line to Joystick, gateway and listener, against a real websocket server that behaves like Action Cable."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from websockets.asyncio.client import ClientConnection

from effects import chat as mailbox
from joystick.account.credentials import ChannelCredentials, Fixed
from joystick.account.tokens import RenewalPostponed
from joystick.channel import actions, health
from joystick.gateway import lease, listener, pace, session, token_source
from joystick.gateway.listener import Listener
from joystick.inbox import receive
from joystick.models import Connection, Gap, InboundEvent, Install
from joystick.protocol.frames import ReceivedFrame, read_frame
from joystick.simulator.happenings import CHANNEL_ID, chat, tip
from joystick.simulator.options import Options
from joystick.simulator.server import Simulator
from pixelbot_site.index import lamps
from pixelbot_site.kit.channel_layer import the_layer
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.live import Live
from pixelbot_site.kit.phrases import Kind
from pixelbot_site.kit.secrets_at_rest import seal
from tests.processes import SimulatorThread

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


say = partial(mailbox.say, priority=mailbox.Priority.ANSWER)

HURRIED: dict[Any, tuple[str, ...]] = {
    pace: ("FIRST_PAUSE", "MAX_PAUSE", "ATTEMPT_EVERY"),
    lease: ("RENEW_EVERY",),
    listener: ("REPORT_EVERY",),
    session: ("SETTLED_AFTER",),
    token_source: ("POLL_EVERY", "RENEW_AGAIN_AFTER"),
}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same waits as in life, but shorter."""
    for module, names in HURRIED.items():
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name) / 20)
    for name in ("STALE_AFTER", "SUBSCRIBE_AGAIN_AFTER", "GIVE_UP_SUBSCRIBING_AFTER"):
        # Not shorter: a busy machine may well be silent for half a second.
        monkeypatch.setattr(session, name, getattr(session, name) / 4)
    # A busy machine needs its time to store what was read.
    monkeypatch.setattr(listener, "SHUTDOWN_SECONDS", 10)


@pytest_asyncio.fixture
async def joystick() -> AsyncIterator[Simulator]:
    simulator = Simulator(Options(ping_every=0.15))
    await simulator.start()
    yield simulator
    await simulator.stop()


@asynccontextmanager
async def running(joystick: Simulator, **options: Any) -> AsyncIterator[asyncio.Task[None]]:
    """A bot's gateway client on the simulator."""
    line = Listener(url=joystick.url, **{"credentials": Fixed("a+b/c="), "rate_limit": 0, **options})
    task = asyncio.create_task(line.run())
    yield task
    task.cancel()
    await asyncio.wait([task])


async def until(condition: Callable[[], Any], within: float = 8) -> Any:
    """Ask the database until the answer is true."""
    async with asyncio.timeout(within):
        while not (answer := await sync_to_async(condition)()):
            await asyncio.sleep(0.02)
        return answer


def state() -> str:
    row = Connection.objects.first()
    return row.state if row else "none yet"


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_events_are_stored_in_either_envelope(joystick: Simulator, version: str) -> None:
    async with running(joystick, version=version):
        await joystick.subscribed.wait()
        await joystick.happen(tip("Bob", 5))
        row = await until(InboundEvent.objects.first)
    assert (row.kind, row.username) == ("tipped", "Bob")
    assert ('"v":2' in row.raw) == (version == "v2")


async def test_the_token_arrives_as_it_was_given(joystick: Simulator) -> None:
    joystick.options.token = "a+b/c="
    async with running(joystick):
        await asyncio.wait_for(joystick.subscribed.wait(), 3)


@pytest.mark.parametrize(("version", "key"), [("v1", "channelId"), ("v2", "channel_id")])
async def test_lines_are_said_in_order_after_the_confirmation(joystick: Simulator, version: str, key: str) -> None:
    joystick.options.confirm_after = 0.1
    async with running(joystick, version=version):
        await until(lambda: state() == "connecting")
        for number in range(3):
            await sync_to_async(say)(f"line {number}", channel_id="c-1")
        await asyncio.wait_for(joystick.wait_for_actions(3), 5)
    assert joystick.actions == [{"action": "send_message", "text": f"line {n}", key: "c-1"} for n in range(3)]


async def test_a_line_without_a_channel_goes_to_the_one_last_heard_from(joystick: Simulator) -> None:
    async with running(joystick):
        await joystick.subscribed.wait()
        await joystick.happen(chat("Bob", "hi"))
        await until(InboundEvent.objects.exists)
        await sync_to_async(say)("two\nlines")
        await asyncio.wait_for(joystick.wait_for_actions(1), 5)
    assert joystick.actions == [{"action": "send_message", "text": "two lines", "channel_id": CHANNEL_ID}]


async def test_lines_keep_their_distance_after_a_small_burst(joystick: Simulator) -> None:
    async with running(joystick, rate_limit=0.5):
        await until(lambda: state() == "connected")
        loop = asyncio.get_running_loop()
        times = []
        for number in range(5):
            await sync_to_async(say)(str(number), channel_id="c")
        for number in range(1, 6):
            await asyncio.wait_for(joystick.wait_for_actions(number), 5)
            times.append(loop.time())
    assert times[2] - times[0] < 1.0  # unpaced but for the order's sake
    assert times[4] - times[0] > 0.8
    assert [action["text"] for action in joystick.actions] == list("01234")


async def test_lines_keep_their_order_where_the_server_keeps_none(joystick: Simulator) -> None:
    joystick.options.reorder_within = 0.02
    async with running(joystick):
        await until(lambda: state() == "connected")
        for number in range(12):
            await sync_to_async(say)(str(number), channel_id="c")
        await asyncio.wait_for(joystick.wait_for_actions(12), 8)
    assert [action["text"] for action in joystick.actions] == [str(number) for number in range(12)]


@pytest.mark.journey
async def test_moderation_goes_before_talk(joystick: Simulator) -> None:
    async with running(joystick, rate_limit=30):
        await until(lambda: state() == "connected")
        for number in range(5):
            await sync_to_async(say)(str(number), channel_id="c")
        await asyncio.wait_for(joystick.wait_for_actions(3), 5)
        await sync_to_async(actions.delete_message)("m-1", channel_id="c")
        await asyncio.wait_for(joystick.wait_for_actions(4), 5)
    assert joystick.actions[3] == {"action": "delete_message", "message_id": "m-1", "channel_id": "c"}


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_every_action_in_its_words(joystick: Simulator, version: str) -> None:
    async with running(joystick, version=version):
        await until(lambda: state() == "connected")
        for act, words in (
            (actions.whisper, ("Bob", "psst")),
            (actions.delete_message, ("m-1",)),
            (actions.mute, ("m-2",)),
            (actions.unmute, ("Bob",)),
        ):
            await sync_to_async(act)(*words, channel_id="c-1")
        await asyncio.wait_for(joystick.wait_for_actions(4), 5)
    message, channel = ("messageId", "channelId") if version == "v1" else ("message_id", "channel_id")
    assert sorted(joystick.actions, key=lambda action: action["action"]) == [
        {"action": "delete_message", message: "m-1", channel: "c-1"},
        {"action": "mute_user", message: "m-2", channel: "c-1"},
        {"action": "send_whisper", "username": "Bob", "text": "psst", channel: "c-1"},
        {"action": "unmute_user", "username": "Bob", channel: "c-1"},
    ]


async def test_long_texts_are_said_in_several_lines_cut_between_words(joystick: Simulator) -> None:
    async with running(joystick, max_chars=50):
        await until(lambda: state() == "connected")
        await sync_to_async(say)("word " * 25 + "x" * 60, channel_id="c")
        await asyncio.wait_for(joystick.wait_for_actions(5), 5)
    texts = [action["text"] for action in joystick.actions]
    assert texts == [" ".join(["word"] * 10), " ".join(["word"] * 10), " ".join(["word"] * 5), "x" * 50, "x" * 10]


@pytest.mark.parametrize("nested", [False, True])
async def test_an_error_frame_reaches_feed_and_log_with_the_last_action(
    joystick: Simulator, nested: bool, caplog: pytest.LogCaptureFixture
) -> None:
    joystick.options.action_error, joystick.options.nested_errors = "no such user", nested
    async with running(joystick):
        await until(lambda: state() == "connected")
        await sync_to_async(actions.unmute)("Nobody", channel_id="c")
        row = await until(InboundEvent.objects.filter(kind="error").first)
    assert row.text == "Joystick says: no such user (last action: unmute_user Nobody)"
    assert row.text in caplog.text


async def test_a_line_said_before_any_channel_is_known_waits_for_one(joystick: Simulator) -> None:
    async with running(joystick):
        await until(lambda: state() == "connected")
        await sync_to_async(say)("early")
        await asyncio.sleep(0.1)
        assert joystick.actions == []
        await joystick.happen(chat("Bob", "hi"))
        await asyncio.wait_for(joystick.wait_for_actions(1), 5)


async def test_after_a_restart_the_channel_is_remembered(joystick: Simulator) -> None:
    await sync_to_async(Install.objects.create)(channel_id="c-9", last_event_at=timezone.now())
    async with running(joystick):
        await until(lambda: state() == "connected")
        await sync_to_async(say)("hello again")
        await asyncio.wait_for(joystick.wait_for_actions(1), 5)
    assert joystick.actions[0]["channel_id"] == "c-9"


@pytest.mark.parametrize("ending", ["frame", "close", "drop"])
async def test_it_comes_back_after_every_end(joystick: Simulator, ending: Any) -> None:
    async with running(joystick):
        await joystick.subscribed.wait()
        await joystick.happen(tip("Bob", 1))
        joystick.subscribed.clear()
        await joystick.disconnect(ending, reason="server_restart")
        await asyncio.wait_for(joystick.subscribed.wait(), 5)
        await joystick.happen(tip("Bob", 2))
        await until(lambda: InboundEvent.objects.count() == 2)
        assert joystick.connections_made == 2


@pytest.mark.journey
async def test_it_leaves_a_frozen_server(joystick: Simulator) -> None:
    async with running(joystick):
        await until(lambda: state() == "connected")
        joystick.freeze()
        assert (
            await until(lambda: state() == "waiting" and Connection.objects.get())
        ).detail == "nothing was heard from the gateway for 1.5 s"
        joystick.thaw()
        await until(lambda: state() == "connected")


@pytest.mark.journey
async def test_after_a_sleep_of_its_own_it_takes_what_came_meanwhile(simulator: SimulatorThread) -> None:
    """A suspended PC, a stalled process: the frames are there, and the line is good."""
    async with running(simulator.simulator):
        await until(lambda: state() == "connected")
        threading.Timer(0.3, lambda: simulator.happen(tip("Bob", 5))).start()
        time.sleep(session.STALE_AFTER + 1)  # on purpose: nothing runs in this loop meanwhile
        await until(InboundEvent.objects.exists)
    assert simulator.simulator.connections_made == 1


@pytest.mark.journey
async def test_an_unconfirmed_subscription_is_asked_for_again_then_given_up(joystick: Simulator) -> None:
    joystick.options.confirm_after = 60
    async with running(joystick):
        detail = (await until(lambda: state() == "waiting" and Connection.objects.get())).detail
    assert detail == "the subscription was not confirmed"


async def test_a_rejected_subscription_is_tried_again_later(joystick: Simulator) -> None:
    joystick.options.reject = True
    async with running(joystick):
        await until(lambda: joystick.connections_made >= 2)
        joystick.options.reject = False
        await until(lambda: state() == "connected")


@pytest.mark.parametrize("way", ["disconnect", "4401"])
async def test_a_refused_token_ends_it_with_a_sentence(
    joystick: Simulator, way: Any, caplog: pytest.LogCaptureFixture
) -> None:
    joystick.options.token, joystick.options.unauthorized = "another", way
    async with running(joystick, credentials=Fixed("hush-hush")):
        row = await until(lambda: state() == "refused" and Connection.objects.get())
        await asyncio.sleep(0.5)
        assert joystick.connections_made == 1
    assert "unauthorized" in row.detail
    assert "Joystick refuses the bot: unauthorized" in caplog.text
    assert "hush-hush" not in caplog.text


@pytest.mark.journey
async def test_a_server_that_accepts_and_closes_is_not_hammered(joystick: Simulator) -> None:
    async with running(joystick):
        loop = asyncio.get_running_loop()
        end = loop.time() + 3  # a minute of life
        while loop.time() < end:
            await joystick.disconnect("close")
            await asyncio.sleep(0.01)
    assert 3 <= joystick.connections_made <= 10


async def test_bad_frames_do_not_end_it(joystick: Simulator) -> None:
    async with running(joystick):
        await until(lambda: state() == "connected")
        for text in (
            "{broken",
            "[]",
            '{"type":"novelty"}',
            '{"message":{"type":"tipped","id":"1","data":{}}}',
            '{"error":"no"}',
        ):
            await joystick.push_text(text)
        await joystick.happen(tip("Bob", 1))
        await until(lambda: InboundEvent.objects.filter(kind="tipped").exists())
        await until(lambda: InboundEvent.objects.filter(kind="unreadable").count() == 4)
    assert joystick.connections_made == 1


@pytest.mark.journey
async def test_events_wait_for_a_database_in_trouble(
    joystick: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, failures = receive.receive, iter(range(2))

    def failing_receive(batch: Any, **more: Any) -> None:
        if next(failures, None) is not None:
            raise OperationalError("disk full")
        real(batch, **more)

    monkeypatch.setattr(receive, "receive", failing_receive)
    async with running(joystick):
        await joystick.subscribed.wait()
        await joystick.happen(tip("Bob", 1))
        await until(InboundEvent.objects.exists)
    assert caplog.text.count("disk full") == 2


async def test_what_was_received_is_stored_before_the_end(joystick: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended with a backlog: what was read from the socket is in the database, since nobody will send it again."""
    real_receive, frames_read = receive.receive, []

    def counting_read(text: str) -> Any:
        frame = read_frame(text)
        if isinstance(frame, ReceivedFrame):
            frames_read.append(frame)
        return frame

    def slow_receive(batch: Any, **more: Any) -> None:
        time.sleep(0.2)
        real_receive(batch, **more)

    monkeypatch.setattr("joystick.gateway.session.read_frame", counting_read)
    monkeypatch.setattr(receive, "receive", slow_receive)
    async with running(joystick):
        await joystick.subscribed.wait()
        for number in range(300):
            await joystick.happen(tip("Bob", number))
        await until(lambda: len(frames_read) > 50)
    assert await sync_to_async(InboundEvent.objects.count)() == len(frames_read)
    assert await sync_to_async(state)() == "off"


@dataclass
class Tokens:
    """Credentials whose token runs out."""

    present: str | None
    renewals: list[str | Exception] = field(default_factory=list)
    asked: int = 0
    owner: str = "the channel"

    def check(self) -> None:
        """Nothing to look at."""

    def whose(self) -> str | None:
        return self.owner if self.present is not None else None

    def token(self) -> str | None:
        return self.present

    def advice(self, refused: str) -> str:
        return "Connect the channel again."

    def renew(self, refused: str) -> bool:
        self.asked += 1
        if not self.renewals:
            return False
        new = self.renewals.pop(0)
        if isinstance(new, Exception):
            raise new
        self.present = new
        return True


@pytest.mark.parametrize("way", ["disconnect", "4401"])
async def test_a_refused_token_is_renewed_once(joystick: Simulator, way: Any) -> None:
    joystick.options.token, joystick.options.unauthorized = "new", way
    credentials = Tokens("old", ["new"])
    async with running(joystick, credentials=credentials):
        await until(lambda: state() == "connected")
        assert (credentials.asked, joystick.connections_made) == (1, 2)
        # The next time that it runs out, it may be renewed once more.
        await asyncio.sleep(token_source.RENEW_AGAIN_AFTER)
        joystick.options.token = "newest"
        credentials.renewals.append("newest")
        await joystick.disconnect("frame", reason="unauthorized", reconnect=False)
        await until(lambda: credentials.asked == 2 and state() == "connected")


@pytest.mark.parametrize("renewals", [["still wrong"], [Failed("Connect the channel again.")], []])
async def test_refused_again_it_stops_until_there_is_another_token(
    joystick: Simulator, renewals: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    joystick.options.token = "right"
    credentials = Tokens("old", list(renewals))
    async with running(joystick, credentials=credentials):
        await until(lambda: state() == "refused")
        made = joystick.connections_made
        await asyncio.sleep(0.6)
        assert joystick.connections_made == made <= 2
        assert caplog.text.count("Joystick refuses the bot") == 1
        credentials.present = "right"  # the streamer pressed Connect
        await until(lambda: state() == "connected")


async def test_it_waits_for_a_channel_to_be_connected_and_hangs_up_when_it_is_let_go(joystick: Simulator) -> None:
    credentials = Tokens(None)
    async with running(joystick, credentials=credentials):
        await until(lambda: state() == "off")
        await asyncio.sleep(0.3)
        assert joystick.connections_made == 0
        credentials.present = "a-token"
        await until(lambda: state() == "connected")
        credentials.present = None
        await until(lambda: state() == "off")
        made = joystick.connections_made
        await asyncio.sleep(0.3)
        assert joystick.connections_made == made


async def test_what_was_not_heard_is_a_gap_with_both_ends(joystick: Simulator) -> None:
    async with running(joystick):
        await until(lambda: state() == "connected")
        assert not await sync_to_async(Gap.objects.exists)()
        await joystick.disconnect("frame", reason="server_restart")
        gap = await until(Gap.objects.first)
        assert gap.reason == "the gateway ended the session: server_restart"
        await until(lambda: Gap.objects.filter(ended_at__isnull=False).exists())
        line = await sync_to_async(health.health)()
        assert (line.state, line.trouble) == ("connected", "")
        assert await sync_to_async(health.reconnects_today)() == 1
    async with running(joystick):
        await until(lambda: Gap.objects.filter(ended_at__isnull=False).count() == 2)
    newest = await sync_to_async(Gap.objects.first)()
    assert newest is not None and newest.reason == "the bot was not running"
    assert newest.ended_at is not None and newest.ended_at > newest.began_at
    assert await sync_to_async(health.reconnects_today)() == 1


async def test_several_failed_tries_are_one_gap(joystick: Simulator) -> None:
    async with running(joystick):
        await until(lambda: state() == "connected")
        joystick.options.reject = True
        await joystick.disconnect("drop")
        await until(lambda: joystick.connections_made >= 4)
        joystick.options.reject = False
        await until(lambda: state() == "connected")
    assert await sync_to_async(Gap.objects.filter(reason__contains="not running").count)() == 0
    assert await sync_to_async(Gap.objects.count)() == 1


NOW = timezone.now()


@pytest.mark.parametrize(
    ("row", "gap", "sentence"),
    [
        ({"state": "connected", "last_frame_at": NOW - timedelta(seconds=14)}, None, ""),
        (
            {"state": "connected", "last_frame_at": NOW - timedelta(seconds=16)},
            None,
            "Nothing was heard from Joystick.tv for 16 s, though the line should be connected.",
        ),
        ({"state": "refused", "detail": "unauthorized"}, None, "Joystick.tv refuses the bot: unauthorized"),
        ({"state": "waiting", "detail": "the gateway did not answer in time"}, 59, ""),
        ({"state": "waiting", "detail": "the gateway did not answer in time"}, 61, "Joystick.tv is not reached since"),
        (
            {"state": "waiting", "detail": "the gateway did not answer in time"},
            None,
            "Joystick.tv is not reached: the gateway did not answer in time",
        ),
        ({"state": "connecting"}, 61, ""),
        (
            {"state": "connected", "lease_until": NOW - timedelta(seconds=11)},
            None,
            "The bot's line to Joystick.tv died",
        ),
        ({"state": "off", "lease_until": NOW - timedelta(days=1)}, None, ""),
    ],
)
async def test_a_line_in_trouble_is_warned_of_once_a_minute(
    row: dict[str, Any], gap: int | None, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    def watch() -> str:
        assert health.trouble(now=NOW) == ""
        Connection.objects.create(**{"lease_until": NOW + timedelta(seconds=9), **row})
        if gap is not None:
            Gap.objects.create(began_at=NOW - timedelta(seconds=gap))
        health.watch(now=NOW)
        health.watch(now=NOW + timedelta(seconds=5))
        return health.health(now=NOW).trouble

    said = await sync_to_async(watch)()
    assert said.startswith(sentence) and bool(said) == bool(sentence)
    assert not sentence or caplog.text.count(sentence) == 1


async def test_a_platform_that_can_not_be_asked_does_not_end_it(joystick: Simulator) -> None:
    """4401 in the middle of a deploy, and the API is away, too."""
    joystick.options.token = "new"
    credentials = Tokens("old", [RenewalPostponed("later"), RenewalPostponed("later"), "new"])
    async with running(joystick, credentials=credentials):
        await until(lambda: state() == "connected")
    assert credentials.asked == 3


async def test_a_server_that_lets_in_and_refuses_at_once_is_no_reason_to_renew_for_ever(joystick: Simulator) -> None:
    credentials = Tokens("t", [f"t{number}" for number in range(50)])

    async def refuse_all() -> None:
        while True:
            await joystick.subscribed_now()
            await joystick.disconnect("frame", reason="unauthorized", reconnect=False)

    refusing = asyncio.create_task(refuse_all())
    async with running(joystick, credentials=credentials):
        await until(lambda: state() == "refused")
        await asyncio.sleep(1)
        assert credentials.asked == 1
    refusing.cancel()


async def test_another_channel_means_another_connection(joystick: Simulator) -> None:
    credentials = Tokens("a-token")
    async with running(joystick, credentials=credentials):
        await until(lambda: state() == "connected")
        credentials.owner, credentials.present = "another channel", "another-token"
        await until(lambda: joystick.connections_made == 2 and state() == "connected")


async def test_a_redirect_is_not_followed_and_the_token_not_told(caplog: pytest.LogCaptureFixture) -> None:
    asked = []

    async def moved(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.invalid/cable?token=hush\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(moved, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    line = Listener(url=f"ws://127.0.0.1:{port}/cable", credentials=Fixed("hush"))
    task = asyncio.create_task(line.run())
    await until(lambda: state() == "waiting")
    await asyncio.sleep(0.3)
    assert not task.done() and 1 <= len(asked) <= 6
    task.cancel()
    await asyncio.wait([task])
    server.close()
    assert "HTTP 302" in caplog.text
    assert "hush" not in caplog.text


async def test_what_a_displaced_listener_says_does_not_count(joystick: Simulator) -> None:
    async with running(joystick, holder="one") as task:
        await until(lambda: state() == "connected")
        later = timezone.now() + timedelta(hours=1)
        await sync_to_async(Connection.objects.update)(holder="two", lease_until=later)
        done, _ = await asyncio.wait([task], timeout=8)
        assert "another listener took the line" in str(done.pop().exception())
    assert await sync_to_async(state)() == "connected"


async def test_a_gap_begins_with_the_last_frame_ever_heard(joystick: Simulator) -> None:
    long_ago = timezone.now() - timedelta(hours=8)
    await sync_to_async(Connection.objects.create)(state="off", last_frame_at=long_ago)
    joystick.options.reject = True
    async with running(joystick):
        await until(lambda: joystick.connections_made >= 2)
        joystick.options.reject = False
        await until(lambda: state() == "connected")
    gap = await sync_to_async(Gap.objects.get)()
    assert (gap.began_at, gap.reason) == (long_ago, "the bot was not running")


async def test_events_per_minute_are_counted(joystick: Simulator) -> None:
    async with running(joystick):
        await joystick.subscribed.wait()
        for _ in range(3):
            await joystick.happen(tip("Bob", 5))
        await until(lambda: InboundEvent.objects.count() == 3)
    assert (await sync_to_async(health.health)()).events_per_minute == 3


async def test_a_second_listener_stands_by_and_takes_over(joystick: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(joystick, holder="one") as first:
        await joystick.subscribed.wait()
        async with running(joystick, holder="two"):
            await asyncio.sleep(0.5)
            assert joystick.connections_made == 1
            first.cancel()
            await until(lambda: joystick.connections_made == 2)
            await until(lambda: Connection.objects.get().holder == "two")


async def test_a_dead_listeners_lease_runs_out(joystick: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LEASE", health.LEASE / 20)
    assert await sync_to_async(health.take_lease)("somebody who was killed")
    async with running(joystick, holder="two"):
        await asyncio.wait_for(joystick.subscribed.wait(), 5)


async def test_a_burst_loses_nothing(joystick: Simulator) -> None:
    async with running(joystick):
        await joystick.subscribed.wait()
        for number in range(3000):
            await joystick.happen(chat(f"viewer{number % 100}", f"line {number}"))
        await until(lambda: InboundEvent.objects.count() == 3000, within=30)
    assert joystick.connections_made == 1


async def test_the_library_that_knows_the_url_is_kept_quiet() -> None:
    assert logging.getLogger("websockets").getEffectiveLevel() >= logging.WARNING


async def test_a_line_that_a_breaking_socket_did_not_take_is_said_in_the_next_session(
    joystick: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ClientConnection.send
    broken: list[str] = []

    async def break_once(socket: ClientConnection, text: str) -> None:
        if "send_message" in text and not broken:
            broken.append(text)
            socket.transport.abort()
            await socket.wait_closed()
        await real(socket, text)

    monkeypatch.setattr(ClientConnection, "send", break_once)
    async with running(joystick):
        await until(lambda: state() == "connected")
        for text in ("first", "second"):
            await sync_to_async(say)(text, channel_id="c")
        await asyncio.wait_for(joystick.wait_for_actions(2), 8)
        assert joystick.connections_made == 2
    assert "first" in broken[0]
    assert [action["text"] for action in joystick.actions] == ["first", "second"]


async def test_a_bot_that_can_not_speak_any_more_does_not_go_on_listening_in_silence(joystick: Simulator) -> None:
    """Whatever ends the sender ends the listener, so that the process is started again and somebody sees why."""
    async with running(joystick) as task:
        await until(lambda: state() == "connected")
        not_text: Any = {"message_id": 5}
        await sync_to_async(mailbox.act)("mute_user", not_text, channel_id="c")
        done, _ = await asyncio.wait([task], timeout=8)
        assert isinstance(done.pop().exception(), TypeError)
    assert await sync_to_async(state)() == "off"


@pytest.mark.journey
async def test_a_confirmation_of_another_subscription_is_not_ours(joystick: Simulator) -> None:
    joystick.options.confirm_after = 60
    async with running(joystick):
        await until(lambda: joystick.connections_made == 1)
        await asyncio.sleep(0.2)  # the welcome is on its way
        await joystick.push_text('{"type": "confirm_subscription", "identifier": "{\\"channel\\":\\"Other\\"}"}')
        await until(lambda: state() == "waiting")
        assert await sync_to_async(Gap.objects.count)() == 0


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\n\r\n", b"not http at all\r\n\r\n", b""], ids=["200", "garbage", "nothing"]
)
async def test_the_token_is_in_no_log_whatever_answers_the_handshake(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await fail_to_connect(f"ws://127.0.0.1:{port}/cable")
    server.close()
    assert "connection lost" in caplog.text and "hush" not in caplog.text


async def test_a_sentence_of_the_library_that_holds_the_address_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """websockets says of an address with a fragment: `ws://…?token=… isn't a valid URI`."""
    await fail_to_connect("ws://127.0.0.1:1/cable#fragment")
    assert "connection lost (the address in JOYSTICK_GATEWAY_URL can't be used)" in caplog.text
    assert "hush" not in caplog.text
    assert "hush" not in (await sync_to_async(Connection.objects.get)()).detail


async def fail_to_connect(url: str) -> None:
    task = asyncio.create_task(Listener(url=url, credentials=Fixed("hush")).run())
    await until(lambda: state() == "waiting")
    task.cancel()
    await asyncio.wait([task])


async def test_a_listener_that_ends_leaves_the_lease_to_the_next_one(joystick: Simulator) -> None:
    async with running(joystick, holder="one"):
        await until(lambda: state() == "connected")
        assert not await sync_to_async(health.take_lease)("two")
    assert await sync_to_async(health.take_lease)("two")


@pytest.mark.journey
async def test_a_lease_is_renewed_as_long_as_its_holder_lives(
    joystick: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LEASE", timedelta(seconds=2))
    async with running(joystick, holder="one"):
        await until(lambda: state() == "connected")
        first = (await sync_to_async(Connection.objects.get)()).lease_until
        await until(lambda: Connection.objects.get().lease_until > first + timedelta(seconds=2.5))
        assert not await sync_to_async(health.take_lease)("two")


async def test_a_listener_that_was_frozen_stores_and_says_nothing_once_another_has_the_line(
    joystick: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lease, "RENEW_EVERY", 60)  # it is not the renewal that notices
    monkeypatch.setattr(health, "LEASE", timedelta(seconds=0.1))
    async with running(joystick, holder="one") as task:
        await until(lambda: state() == "connected")
        await joystick.happen(tip("Bob", 1))
        await until(lambda: InboundEvent.objects.count() == 1)
        await until(lambda: health.take_lease("two"))
        await sync_to_async(say)("said by the other one", channel_id="c")
        await joystick.happen(tip("Bob", 2))
        done, _ = await asyncio.wait([task], timeout=8)
        assert isinstance(done.pop().exception(), health.LeaseLost)
    assert await sync_to_async(InboundEvent.objects.count)() == 1
    assert joystick.actions == []
    assert "left to the other listener: 1 event (1 tipped)" in caplog.text
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_listener_that_ends_lets_the_next_one_in_before_it_has_said_its_last_words(joystick: Simulator) -> None:
    async with running(joystick, holder="one", rate_limit=60) as task:
        await until(lambda: state() == "connected")
        for number in range(5):  # three are said at once, the others have to wait
            await sync_to_async(say)(str(number), channel_id="c")
        await asyncio.wait_for(joystick.wait_for_actions(3), 5)
        task.cancel()
        await until(lambda: health.take_lease("two"), within=0.5)
        assert not task.done()
        await joystick.happen(tip("Bob", 1))  # heard by the one that ends, and stored by it
        await until(InboundEvent.objects.exists)


async def test_after_a_stop_nothing_is_reported_as_trouble(joystick: Simulator) -> None:
    async with running(joystick):
        await until(lambda: state() == "connected")
    an_hour_later = timezone.now() + timedelta(hours=1)
    assert await sync_to_async(state)() == "off"
    assert await sync_to_async(health.trouble)(now=an_hour_later) == ""


async def test_a_token_that_is_refused_twice_is_tried_after_1_2_5_and_then_every_10_minutes(
    joystick: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    monkeypatch.setattr(token_source, "time", clock)
    monkeypatch.setattr(pace, "ATTEMPT_EVERY", 0)
    joystick.options.token = "another"
    async with running(joystick, credentials=Fixed("refused")):
        for number, minutes in enumerate((1, 2, 5, 10, 10), start=1):
            announced = "The next try is in 1 minute." if minutes == 1 else f"The next try is in {minutes} minutes."
            await until(lambda: caplog.text.rstrip().endswith(announced))  # noqa: B023 (used at once)
            clock.now += minutes * 60 - 1
            await asyncio.sleep(token_source.POLL_EVERY * 3)
            assert joystick.connections_made == number
            clock.now += 1
            await until(lambda: joystick.connections_made == number + 1)  # noqa: B023
    assert "connection lost" not in caplog.text


class Clock:
    """A `time` module whose clock a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


async def test_a_token_that_was_refused_is_accepted_later(joystick: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_source, "SLOW_TRIES", (0.5,))
    joystick.options.token = "another"
    async with running(joystick, credentials=Fixed("late")):
        await until(lambda: state() == "refused")
        joystick.options.token = "late"
        await until(lambda: state() == "connected")


async def test_a_gateway_that_says_not_to_come_back_is_tried_again_all_the_same(
    joystick: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_source, "SLOW_TRIES", (0.5,))
    async with running(joystick):
        await joystick.subscribed_now()
        await joystick.disconnect("frame", reason="remote", reconnect=False)
        row = await until(lambda: state() == "refused" and Connection.objects.get())
        assert row.detail == f"remote. {token_source.NOT_ABOUT_THE_TOKEN}"
        await until(lambda: state() == "connected")


async def test_the_button_has_a_refused_connection_tried_at_once(joystick: Simulator) -> None:
    def press() -> None:
        staff = Client()
        staff.force_login(User.objects.create_superuser("fox"))
        assert "Try now" in staff.get("/admin/joystick/install/").text
        assert "tries to connect now" in staff.post("/admin/joystick/install/try/", follow=True).text

    joystick.options.token = "another"
    async with running(joystick, credentials=Fixed("refused")):
        await until(lambda: state() == "refused")
        joystick.options.token = "refused"
        await sync_to_async(press)()
        await until(lambda: state() == "connected")
        assert joystick.connections_made == 2
    assert "Try now" not in await sync_to_async(installs_page)()


def installs_page() -> str:
    staff = Client()
    staff.force_login(User.objects.get(username="fox"))
    return staff.get("/admin/joystick/install/").text


@pytest.mark.parametrize(
    ("names", "advice"),
    [
        ({"JOYSTICK_GATEWAY_TOKEN": "t"}, "Set another JOYSTICK_GATEWAY_TOKEN in .env, and restart the bot."),
        (
            {"JOYSTICK_CLIENT_ID": "id", "JOYSTICK_CLIENT_SECRET": "secret"},
            "Check the application's id and secret on the page Settings, or connect the channel.",
        ),
        ({}, "Connect the channel again."),
    ],
)
async def test_the_advice_names_what_was_refused(
    joystick: Simulator, settings: Any, names: dict[str, str], advice: str
) -> None:
    for name, value in names.items():
        setattr(settings, name, value)
    if not names:
        await sync_to_async(Install.objects.create)(
            channel_id="c", access_token=seal("t"), expires_at=timezone.now() + timedelta(days=1)
        )
    joystick.options.token = "another"
    async with running(joystick, credentials=ChannelCredentials()):
        row = await until(lambda: state() == "refused" and Connection.objects.get())
    assert row.detail.startswith("unauthorized") and row.detail.endswith(f". {advice}")


@pytest.mark.parametrize("trouble", ["refused", "waiting"])
async def test_trouble_stays_red_during_every_attempt(
    joystick: Simulator, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """Of what is stored one after another, nothing but the confirmed session ends the red line."""
    shown: list[tuple[str, bool]] = []
    real = health.set_state

    def note(holder: str, state: str, detail: str = "") -> None:
        real(holder, state, detail)
        shown.append((state, bool(health.trouble())))

    monkeypatch.setattr(token_source, "SLOW_TRIES", (0.1,))
    monkeypatch.setattr(pace, "ATTEMPT_EVERY", 0)
    if trouble == "refused":
        joystick.options.token = "another"
    else:
        joystick.options.reject = True
    async with running(joystick, credentials=Fixed("a-token")):
        await until(lambda: state() == trouble)
        monkeypatch.setattr(health, "set_state", note)
        await until(lambda: joystick.connections_made >= 4)
        joystick.options.reject, joystick.options.token = False, "a-token"
        await until(lambda: state() == "connected")
    in_trouble = shown[: shown.index(("connected", False))]
    assert {"connecting", trouble} <= {reported for reported, _ in in_trouble}
    assert all(is_red for _, is_red in in_trouble)


@pytest.mark.journey
async def test_a_line_that_drops_every_ten_seconds_is_back_within_a_second(
    joystick: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(joystick):
        for number in range(1, 9):
            await joystick.subscribed_now()
            await asyncio.sleep(pace.ATTEMPT_EVERY + 0.05)  # a little more than 9 s of life
            await joystick.disconnect("drop")
            await until(lambda: joystick.connections_made == number + 1)  # noqa: B023 (used at once)
    pauses = [float(text) for text in re.findall(r"next try in ([\d.]+) s", caplog.text)]
    assert len(pauses) == 8
    assert max(pauses) <= 2 * pace.FIRST_PAUSE  # as logged, rounded to a tenth


@pytest.mark.journey
async def test_a_server_that_confirms_tells_an_event_and_closes_is_not_hammered(joystick: Simulator) -> None:
    async def tell_and_close() -> None:
        while True:
            await joystick.subscribed_now()
            await joystick.happen(tip("Bob", 5))
            await joystick.disconnect("close")

    hostile = asyncio.create_task(tell_and_close())
    async with running(joystick):
        await asyncio.sleep(3)  # a minute of life
    hostile.cancel()
    assert 5 <= joystick.connections_made <= 10


async def test_a_session_that_heard_an_event_or_lived_is_settled_and_no_other() -> None:
    async def settled_after(*frames: str, lived: float = 0.0) -> bool:
        socket = ScriptedSocket(*frames)
        one = session.Session(socket, "{}", last_action=str)
        for number in range(len(frames)):
            if number == len(frames) - 1:
                await asyncio.sleep(lived)
            await one.receive()
        return one.is_settled

    welcome, ping = '{"type":"welcome"}', '{"type":"ping"}'
    confirmed = '{"type":"confirm_subscription","identifier":"{}"}'
    event = '{"message":{"type":"tipped","id":"1","data":{"how_much":1,"who":"Bob"},"v":2}}'
    assert not await settled_after(welcome, confirmed, ping)
    assert not await settled_after(welcome, ping, lived=session.SETTLED_AFTER + 0.1)
    assert await settled_after(welcome, confirmed, ping, lived=session.SETTLED_AFTER + 0.1)
    assert await settled_after(welcome, confirmed, event)
    assert not await settled_after(welcome, confirmed, '{"error":"no"}')


class ScriptedSocket:
    """A socket on which these frames arrive."""

    def __init__(self, *frames: str) -> None:
        self._frames = list(frames)

    async def recv(self) -> str:
        return self._frames.pop(0)

    async def send(self, text: str) -> None:
        """Take it."""


async def test_ended_with_a_database_that_takes_nothing_it_says_what_was_not_stored(
    joystick: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(batch: Any, **more: Any) -> None:
        raise OperationalError("disk full")

    monkeypatch.setattr(listener, "SHUTDOWN_SECONDS", 0.5)
    monkeypatch.setattr(receive, "receive", refuse)
    async with running(joystick):
        await joystick.subscribed.wait()
        for happening in (tip("Bob", 1), chat("Bob", "hi"), tip("Bob", 2)):
            await joystick.happen(happening)
        await until(lambda: "trying again" in caplog.text)
        await joystick.flush()
    assert "ended before 3 events (2 tipped, 1 new_message) could be stored" in caplog.text


async def test_at_a_stop_answers_that_wait_are_said_and_chatter_is_not(joystick: Simulator) -> None:
    async with running(joystick, rate_limit=0.3) as task:
        await until(lambda: state() == "connected")
        for number in range(5):
            await sync_to_async(say)(f"to all {number}", channel_id="c")
        await asyncio.wait_for(joystick.wait_for_actions(3), 5)
        await sync_to_async(mailbox.say)("by the way", mailbox.Priority.CHATTER, channel_id="c")
        task.cancel()
    assert [action["text"] for action in joystick.actions] == [f"to all {number}" for number in range(5)]


async def test_lines_that_chat_had_no_room_for_are_counted_for_the_dashboard(
    joystick: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(joystick, rate_limit=60):
        await until(lambda: state() == "connected")
        for number in range(20):
            await sync_to_async(mailbox.say)(str(number), mailbox.Priority.CHATTER, channel_id="c")
        await until(lambda: health.health().unsaid_today)
        counted = (await sync_to_async(health.health)()).unsaid_today
        assert 7 <= counted <= 10  # of 20, three are said at once and ten may wait
        sentence = f"{counted} lines for chat had to be left out today."
        assert sentence in str(await sync_to_async(lamps.lamps)())
    tomorrow = timezone.now() + timedelta(days=1)
    assert (await sync_to_async(health.health)(now=tomorrow)).unsaid_today == 0


async def test_lines_left_out_on_one_day_are_added_up_and_begin_again_on_the_next() -> None:
    def count() -> list[int]:
        health.take_lease("one")
        health.add_unsaid("one", 2)
        health.add_unsaid("one", 3)
        health.add_unsaid("two", 9)  # not the holder
        same_day = Connection.objects.get().unsaid
        Connection.objects.update(unsaid_on=timezone.localdate() - timedelta(days=1))
        yesterdays = health.health().unsaid_today
        health.add_unsaid("one", 4)
        return [same_day, yesterdays, health.health().unsaid_today]

    assert await sync_to_async(count)() == [5, 0, 4]


async def test_while_a_line_stands_the_time_of_its_last_frame_is_stored_again_and_again(joystick: Simulator) -> None:
    """Pings alone keep it from being reported as silent; and without them it is."""
    async with running(joystick):
        await until(lambda: state() == "connected")
        first = await until(lambda: Connection.objects.get().last_frame_at)
        await until(lambda: Connection.objects.get().last_frame_at > first + timedelta(seconds=0.5))


async def test_a_line_of_a_process_from_before_an_update_is_said(joystick: Simulator) -> None:
    message = {"type": "chat.action", "action": "send_message", "words": {"text": "hi"}}
    async with running(joystick):
        await joystick.subscribed_now()
        await joystick.happen(chat("Bob", "hello"))
        await until(InboundEvent.objects.exists)
        await the_layer().group_send(mailbox.MAILBOX, message)
        await asyncio.wait_for(joystick.wait_for_actions(1), 5)
    assert joystick.actions[0]["text"] == "hi"


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("everything", ["answer", "result", "refusal", "thanks", "level_up", "chatter"]),
        ("thanks", ["answer", "result", "refusal", "thanks"]),
        ("results", ["answer", "result", "refusal"]),
        ("refusals", ["answer", "refusal"]),
        ("asked", ["answer"]),
    ],
)
async def test_the_bot_says_as_much_as_the_streamer_wants_from_the_moment_it_is_set(
    joystick: Simulator, monkeypatch: pytest.MonkeyPatch, amount: str, said: list[str]
) -> None:
    monkeypatch.setattr(listener, "REPORT_EVERY", 0.1)
    wanted = {"rate_limit": 0, "max_chars": 500, "bot_username": "", "amount": "asked"}
    async with running(joystick, chat_settings=lambda: dict(wanted)):
        await until(lambda: state() == "connected")
        wanted["amount"] = amount
        await asyncio.sleep(0.4)
        for priority in (mailbox.Priority.CHATTER, mailbox.Priority.LEVEL_UP, mailbox.Priority.THANKS):
            await sync_to_async(mailbox.say)(str(priority), priority, channel_id="c")
        for kind in (Kind.RESULT, Kind.REFUSAL, Kind.ANSWER):
            await sync_to_async(mailbox.say)(str(kind), mailbox.Priority.ANSWER, channel_id="c", kind=kind)
        await asyncio.wait_for(joystick.wait_for_actions(len(said)), 5)
        await asyncio.sleep(0.3)
    assert sorted(action["text"] for action in joystick.actions) == sorted(said)


async def test_what_the_dashboard_changes_is_read_by_a_thread_of_its_own(joystick: Simulator) -> None:
    read_by: list[str] = []

    def read() -> int:
        read_by.append(threading.current_thread().name.partition("_")[0])
        return len(read_by)

    value: Live[int] = Live(0)
    value.use(read)
    async with running(joystick):
        await until(lambda: len(read_by) > 1)
        for _ in range(40):  # as events ask, on the thread that stores them
            await sync_to_async(value.current)()
            await asyncio.sleep(0.05)
    assert read_by.count("upkeep") > 3
    assert len(read_by) - read_by.count("upkeep") <= 1  # once at most did a busy machine not come to it in time
