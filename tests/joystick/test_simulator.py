"""The simulator behaves like a real Action Cable server, line by line of what was measured on one."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK
from websockets.typing import Subprotocol
from websockets.utils import accept_key

from joystick.simulator.happenings import chat, tip
from joystick.simulator.options import Options
from joystick.simulator.server import Simulator
from joystick.simulator.wire import encode

pytestmark = pytest.mark.asyncio

V1 = '{"channel":"GatewayChannel"}'
V2 = '{"channel":"GatewayChannel","event_version":"v2"}'
QUIET = 0.15
"""Seconds after which silence counts as silence: answers come within milliseconds."""


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[Simulator]:
    simulator = Simulator(Options(token="right", ping_every=60))
    await simulator.start()
    yield simulator
    await simulator.stop()


@asynccontextmanager
async def client(gateway: Simulator, token: str = "right", **options: Any) -> AsyncIterator[ClientConnection]:
    async with connect(
        f"{gateway.url}?token={token}", proxy=None, ping_interval=None, close_timeout=1, **options
    ) as socket:
        yield socket


@asynccontextmanager
async def subscribed(gateway: Simulator, identifier: str = V2) -> AsyncIterator[ClientConnection]:
    async with client(gateway) as socket:
        assert await hear(socket) == {"type": "welcome"}
        await say(socket, "subscribe", identifier)
        assert await hear(socket) == {"identifier": identifier, "type": "confirm_subscription"}
        yield socket


async def hear(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 3))


async def say(socket: ClientConnection, command: str, identifier: Any = V2, **more: Any) -> None:
    await socket.send(json.dumps({"command": command, "identifier": identifier, **more}))


async def act(socket: ClientConnection, identifier: str = V2, **data: Any) -> None:
    await say(socket, "message", identifier, data=json.dumps(data))


async def assert_silent_and_alive(socket: ClientConnection) -> None:
    """Nothing comes, and the connection works on."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(socket.recv(), QUIET)
    other = json.dumps({"channel": "GatewayChannel", "probe": time.monotonic()})
    await say(socket, "subscribe", other)
    assert (await hear(socket))["identifier"] == other


async def raw_http(gateway: Simulator, request: str) -> str:
    host, port = re.search(r"//(.+):(\d+)/", gateway.url).groups()  # type: ignore[union-attr]
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request.replace("\n", "\r\n").encode())
    answer = await asyncio.wait_for(reader.read(2000), 3)
    writer.close()
    return answer.decode("latin-1")


class TestHandshake:
    """Who is let in, and how one is not."""

    async def test_the_right_token_is_welcomed_and_the_subprotocol_echoed(self, gateway: Simulator) -> None:
        async with client(gateway, subprotocols=[Subprotocol("actioncable-v1-json")]) as socket:
            assert await hear(socket) == {"type": "welcome"}
            assert socket.subprotocol == "actioncable-v1-json"
            assert "Sec-WebSocket-Extensions" not in socket.response.headers  # type: ignore[union-attr]

    @pytest.mark.parametrize("query", ["?token=wrong", "?token=", "", "?token=right&token=wrong"])
    async def test_a_wrong_token_is_accepted_then_told_and_closed_with_1000(
        self, gateway: Simulator, query: str
    ) -> None:
        async with connect(gateway.url + query, proxy=None) as socket:
            assert await hear(socket) == {"type": "disconnect", "reason": "unauthorized", "reconnect": False}
            with pytest.raises(ConnectionClosedOK) as ended:
                await socket.recv()
            assert ended.value.rcvd is not None and (ended.value.rcvd.code, ended.value.rcvd.reason) == (1000, "")

    async def test_joysticks_documented_way_is_close_code_4401(self, gateway: Simulator) -> None:
        gateway.options.unauthorized = "4401"
        async with connect(gateway.url + "?token=wrong", proxy=None) as socket:
            with pytest.raises(ConnectionClosedError) as ended:
                await socket.recv()
            assert ended.value.rcvd is not None and ended.value.rcvd.code == 4401

    async def test_a_refused_client_that_does_not_answer_the_close_keeps_its_connection(
        self, gateway: Simulator
    ) -> None:
        port = int(gateway.url.split(":")[-1].split("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = "GET /cable?token=wrong HTTP/1.1\nHost: x\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: cGl4ZWwgYm90IHBpeGVsIQ==\n\n"
        writer.write(head.replace("\n", "\r\n").encode())
        await reader.readuntil(b"\x88\x02\x03\xe8")  # close 1000
        with pytest.raises(TimeoutError):  # the library's own close_timeout here would be one second
            await asyncio.wait_for(reader.read(1), 1.5)
        await gateway.stop()
        writer.close()

    async def test_of_two_tokens_the_last_counts(self, gateway: Simulator) -> None:
        async with client(gateway, "wrong&token=right") as socket:
            assert await hear(socket) == {"type": "welcome"}

    async def test_no_or_an_unknown_subprotocol_works_as_well(self, gateway: Simulator) -> None:
        for options in ({}, {"subprotocols": [Subprotocol("soap")]}):
            async with client(gateway, **options) as socket:  # type: ignore[arg-type]
                assert await hear(socket) == {"type": "welcome"}
                assert socket.subprotocol is None

    async def test_of_several_subprotocols_the_clients_first_known_one_is_chosen(self, gateway: Simulator) -> None:
        names = [Subprotocol(name) for name in ("soap", "actioncable-unsupported", "actioncable-v1-json")]
        async with client(gateway, subprotocols=names) as socket:
            assert socket.subprotocol == "actioncable-unsupported"

    @pytest.mark.parametrize(
        "line", ["GET /cable?token=right HTTP/1.1", "POST /cable?token=right HTTP/1.1", "GET /other HTTP/1.1"]
    )
    async def test_what_is_no_websocket_gets_404(self, gateway: Simulator, line: str) -> None:
        answer = await raw_http(gateway, f"{line}\nHost: x\n\n")
        assert answer.startswith("HTTP/1.1 404")
        assert "text/plain" in answer and answer.endswith("Page not found")

    async def test_another_path_is_404_even_for_a_websocket_but_a_slash_is_fine(self, gateway: Simulator) -> None:
        async with connect(gateway.url + "/?token=right", proxy=None) as socket:
            assert await hear(socket) == {"type": "welcome"}
        upgrade = "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: cGl4ZWwgYm90IHBpeGVsIQ==\n\n"
        assert (await raw_http(gateway, f"GET /cabel?token=right HTTP/1.1\nHost: x\n{upgrade}")).startswith(
            "HTTP/1.1 404"
        )

    async def test_neither_version_nor_key_is_checked(self, gateway: Simulator) -> None:
        request = "GET /cable?token=right HTTP/1.1\nHost: x\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 12\nSec-WebSocket-Key: abc\n\n"
        answer = await raw_http(gateway, request)
        assert answer.startswith("HTTP/1.1 101")
        assert f"Sec-WebSocket-Accept: {accept_key('abc')}" in answer

    async def test_a_command_in_one_packet_with_the_handshake_is_lost_and_one_before_the_welcome_is_not(
        self, gateway: Simulator
    ) -> None:
        def masked(text: str) -> bytes:
            return bytes([0x81, 0x80 | 126]) + len(text).to_bytes(2, "big") + bytes(4) + text.encode()

        command = masked(json.dumps({"command": "subscribe", "identifier": V2, "padding": "x" * 100}))
        head = "GET /cable?token=right HTTP/1.1\nHost: x\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: cGl4ZWwgYm90IHBpeGVsIQ==\n\n"
        port = int(gateway.url.split(":")[-1].split("/")[0])
        for packets, confirmed in (
            ([head.replace("\n", "\r\n").encode() + command], False),
            ([head.replace("\n", "\r\n").encode(), command], True),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for packet in packets:
                writer.write(packet)
                await writer.drain()
                if packet is not packets[-1]:
                    await reader.readuntil(b"\r\n\r\n")
            answer = b""
            with pytest.raises(TimeoutError):
                while True:
                    answer += await asyncio.wait_for(reader.readexactly(1), QUIET)
            assert (b"confirm_subscription" in answer) == confirmed
            assert b"welcome" in answer
            writer.close()


class TestCommands:
    """What is answered, and the much that is not."""

    @pytest.mark.parametrize(
        "identifier", [V1, V2, '{ "channel" : "GatewayChannel" }', '{"x":1,"channel":"GatewayChannel"}']
    )
    async def test_an_identifier_is_confirmed_byte_for_byte(self, gateway: Simulator, identifier: str) -> None:
        async with subscribed(gateway, identifier):
            pass

    async def test_a_rejected_subscription_is_answered_each_time_and_the_connection_stays(
        self, gateway: Simulator
    ) -> None:
        gateway.options.reject = True
        async with client(gateway) as socket:
            await hear(socket)
            for _ in range(2):
                await say(socket, "subscribe")
                assert await hear(socket) == {"identifier": V2, "type": "reject_subscription"}

    async def test_the_same_identifier_again_is_silence_and_events_come_once(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            await say(socket, "subscribe")
            await assert_silent_and_alive(socket)

    async def test_the_same_channel_spelled_otherwise_brings_every_event_twice(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            spaced = V2.replace(",", ", ")
            await say(socket, "subscribe", spaced)
            await hear(socket)
            await gateway.happen(tip("Bob", 5))
            assert {(await hear(socket))["identifier"] for _ in range(2)} == {V2, spaced}

    @pytest.mark.parametrize(
        "text",
        [
            '{"command":"subscribe","identifier":"{\\"channel\\":\\"NoChannel\\"}"}',
            '{"command":"subscribe","identifier":"String"}',
            '{"command":"subscribe"}',
            '{"command":"subscribe","identifier":null}',
            '{"command":"subscribe","identifier":""}',
            '{"command":"subscribe","identifier":{"channel":"GatewayChannel"}}',
            '{"command":"dance","identifier":"x"}',
            '{"identifier":"x"}',
            "{broken",
            "",
            "null",
            "5",
            "[]",
            '"x"',
            b"\x00\x01",
            '{"type":"ping"}',
            '{"type":"pong"}',
        ],
    )
    async def test_every_mistake_is_met_with_silence(self, gateway: Simulator, text: str | bytes) -> None:
        async with subscribed(gateway) as socket:
            await socket.send(text)
            await assert_silent_and_alive(socket)

    async def test_a_good_action_is_carried_out_without_a_word(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            await act(socket, action="send_message", text="hello", channel_id="c")
            await assert_silent_and_alive(socket)
        assert gateway.actions == [{"action": "send_message", "text": "hello", "channel_id": "c"}]

    async def test_a_mute_is_told_of_as_an_event_and_who_is_muted_is_heard_no_more(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            line = chat("Bob", "buy this")
            await gateway.happen(line)
            assert (await hear(socket))["message"]["text"] == "buy this"
            await act(socket, action="mute_user", message_id=line.uid, channel_id="c")
            assert (await hear(socket))["message"]["type"] == "user_muted"
            await gateway.happen(chat("BOB", "buy that"))
            await act(socket, action="unmute_user", username="bob", channel_id="c")
            assert (await hear(socket))["message"]["type"] == "user_unmuted"
            await gateway.happen(chat("Bob", "sorry"))
            assert (await hear(socket))["message"]["text"] == "sorry"
            await act(socket, action="mute_user", message_id="none", channel_id="c")
            await assert_silent_and_alive(socket)

    async def test_actions_that_are_none_are_not_carried_out(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            for data in ("{broken", '{"action":"dance"}', "{}", '{"action":null}', {"action": "send_message"}, None, 5):
                await say(socket, "message", data=data)
            await say(socket, "message")
            await act(socket, V1, action="send_message", text="not subscribed so")
            await assert_silent_and_alive(socket)
        assert gateway.actions == []

    async def test_after_unsubscribe_there_is_silence_until_the_next_subscribe(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            await say(socket, "unsubscribe")
            await assert_silent_and_alive(socket)
            await say(socket, "subscribe")
            assert (await hear(socket))["type"] == "confirm_subscription"

    async def test_a_fragmented_text_works(self, gateway: Simulator) -> None:
        async with client(gateway) as socket:
            await hear(socket)
            text = json.dumps({"command": "subscribe", "identifier": V2})
            await socket.send([text[:10], text[10:]])
            assert (await hear(socket))["type"] == "confirm_subscription"

    async def test_an_action_before_the_confirmation_is_lost(self, gateway: Simulator) -> None:
        gateway.options.confirm_after = 0.1
        async with client(gateway) as socket:
            await say(socket, "subscribe")
            await act(socket, action="send_message", text="too early")
            await hear(socket), await hear(socket)
        assert gateway.actions == []

    async def test_close_together_actions_may_lose_their_order(self, gateway: Simulator) -> None:
        gateway.options.reorder_within = 0.05
        async with subscribed(gateway) as socket:
            for number in range(60):
                await act(socket, action="send_message", text=str(number))
            await asyncio.wait_for(gateway.wait_for_actions(60), 3)
        texts = [int(action["text"]) for action in gateway.actions]
        assert sorted(texts) == list(range(60)) != texts

    async def test_of_hasty_resubscribes_some_are_never_confirmed(self, gateway: Simulator) -> None:
        gateway.options.reorder_within = 5
        async with subscribed(gateway) as socket:
            for _ in range(60):
                await say(socket, "unsubscribe")
                await say(socket, "subscribe")
            confirmed = 0
            with pytest.raises(TimeoutError):
                while True:
                    await asyncio.wait_for(socket.recv(), QUIET)
                    confirmed += 1
        assert 40 <= confirmed < 60

    @pytest.mark.parametrize("nested", [False, True])
    async def test_error_frames_as_joystick_documents_them(self, gateway: Simulator, nested: bool) -> None:
        gateway.options.action_error, gateway.options.nested_errors = "no such user", nested
        async with subscribed(gateway) as socket:
            await act(socket, action="send_whisper", username="x", text="y")
            error = {"error": "no such user"}
            assert await hear(socket) == ({"identifier": V2, "message": error} if nested else error)


class TestEvents:
    """What subscribers hear."""

    async def test_each_subscription_hears_its_envelope(self, gateway: Simulator) -> None:
        async with subscribed(gateway, V1) as old, subscribed(gateway, V2) as new, client(gateway) as none:
            await hear(none)
            await gateway.happen(chat("Bob", "hi"))
            assert (await hear(old))["message"]["event"] == "ChatMessage"
            assert (await hear(new))["message"]["v"] == 2
            await assert_silent_and_alive(none)

    async def test_markup_is_escaped_as_rails_does(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            await gateway.happen(chat("Bob", "<b>&é😂\u2028"))
            text = str(await socket.recv())
        assert "\\u003cb\\u003e\\u0026é😂\\u2028" in text
        assert ": " not in text

    async def test_any_json_value_may_be_a_message(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            for value in (None, 5, [1], "x", {"a": 1}):
                await gateway.push(value)
                assert (await hear(socket))["message"] == value

    async def test_a_large_event_comes_whole(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            await gateway.push("x" * 300_000)
            assert len((await hear(socket))["message"]) == 300_000


async def test_pings_come_from_one_timer_in_whole_seconds() -> None:
    """Whoever comes in between two pings gets the next one together with everybody else."""
    gateway = Simulator(Options(ping_every=0.6))
    await gateway.start()
    began, loop = int(time.time()), asyncio.get_running_loop()

    async def pings(socket: ClientConnection) -> list[tuple[Any, float]]:
        return [((await hear(socket))["message"], loop.time()) for _ in range(3)]

    async with client(gateway) as one:
        await hear(one)
        await asyncio.sleep(0.3)
        async with client(gateway) as two:
            await hear(two)
            first, second = await asyncio.gather(pings(one), pings(two))
    await gateway.stop()
    assert all(type(sent) is int and began <= sent <= time.time() for sent, _ in first + second)
    # A rhythm of its own would be 0.3 s off each time; one moment of a busy machine must not be.
    assert min(abs(at - other) for _, at in first for _, other in second) < 0.1


class TestEndings:
    """How the server ends it."""

    async def test_with_a_disconnect_frame(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            await gateway.disconnect("frame", reason="server_restart")
            assert await hear(socket) == {"type": "disconnect", "reason": "server_restart", "reconnect": True}
            with pytest.raises(ConnectionClosedOK):
                await socket.recv()

    async def test_with_a_bare_close(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            await gateway.disconnect("close")
            with pytest.raises(ConnectionClosedOK):
                await socket.recv()

    async def test_with_neither(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            await gateway.disconnect("drop")
            with pytest.raises(ConnectionClosedError) as ended:
                await socket.recv()
            assert ended.value.rcvd is None

    async def test_a_stopped_server_refuses_connections(self, gateway: Simulator) -> None:
        await gateway.stop()
        with pytest.raises(OSError):
            async with client(gateway):
                pass

    async def test_frozen_there_is_nothing_and_after_the_thaw_all_goes_on(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            gateway.freeze()
            event = asyncio.create_task(gateway.happen(tip("Bob", 1)))
            await act(socket, action="send_message", text="anybody?")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.recv(), QUIET)
            with pytest.raises(TimeoutError):
                async with client(gateway, open_timeout=QUIET):
                    pass
            assert gateway.actions == []
            gateway.thaw()
            await event
            assert (await hear(socket))["message"]["type"] == "tipped"
            await asyncio.wait_for(gateway.wait_for_actions(1), 3)

    @pytest.mark.parametrize(
        ("frame", "code"),
        [
            (b"\x81\x02hi", 1003),  # not masked
            (b"\x81\x82\0\0\0\0\xff\xfe", 1007),  # not UTF-8
            (b"\x83\x80\0\0\0\0", 1002),  # a reserved opcode
            (b"\xc1\x80\0\0\0\0", 1002),  # a reserved bit
            (b"\x80\x80\0\0\0\0", 1002),  # a stray continuation
            (b"\x89\xfe\x00\x7e\0\0\0\0" + b"x" * 126, 1002),  # a ping of 126 bytes
            (b"\x81\xff\x00\x00\x00\x00\x05\x00\x00\x00\0\0\0\0", 1009),  # 80 MB announced
        ],
        ids=lambda value: str(value) if isinstance(value, int) else "",
    )
    async def test_broken_frames_end_it_at_once(self, gateway: Simulator, frame: bytes, code: int) -> None:
        async with subscribed(gateway) as socket:
            socket.transport.write(frame)
            with pytest.raises(ConnectionClosed) as ended:
                await socket.recv()
            assert ended.value.rcvd is not None and ended.value.rcvd.code == code

    @pytest.mark.parametrize(("frame", "code"), [(b"\x88\x80\0\0\0\0", 1000), (b"\x88\x82\0\0\0\0\x03\xed", 1002)])
    async def test_a_close_without_a_code_is_1000_and_an_illegal_one_1002(
        self, gateway: Simulator, frame: bytes, code: int
    ) -> None:
        async with subscribed(gateway) as socket:
            socket.transport.write(frame)
            with pytest.raises(ConnectionClosed) as ended:
                await socket.recv()
            assert ended.value.rcvd is not None and ended.value.rcvd.code == code

    async def test_a_clients_close_code_and_reason_are_echoed(self, gateway: Simulator) -> None:
        async with subscribed(gateway) as socket:
            await socket.close(4000, "bye")
            assert (socket.close_code, socket.close_reason) == (4000, "bye")


async def test_a_taken_port_is_an_error(gateway: Simulator) -> None:
    port = int(gateway.url.split(":")[-1].split("/")[0])
    with pytest.raises(OSError):
        await Simulator(port=port).start()


async def test_frames_are_compact_json() -> None:
    assert encode({"a": [1, "<é>"]}) == '{"a":[1,"\\u003cé\\u003e"]}'
