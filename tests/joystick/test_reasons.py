"""Why there is no connection: each kind of failure, from the real thing, as a clause for people."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.exceptions import InvalidProxy, ProxyError

from joystick.gateway import client, reasons, session
from joystick.gateway.client import Gateway
from joystick.protocol.frames import ReceivedFrame
from joystick.simulator.options import Options
from joystick.simulator.server import Simulator
from tests.processes import free_port
from tests.servers import self_signed

pytestmark = pytest.mark.asyncio


class Listening:
    """An owner that keeps the first reason it is told."""

    def __init__(self) -> None:
        self.reason: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.connected = asyncio.Event()

    async def get_token(self) -> str:
        return "hush"

    async def handle_refusal(self, token: str, reason: str) -> bool:
        raise AssertionError(reason)

    async def accept(self, received: ReceivedFrame) -> None:
        """Store nothing."""

    async def report_state(self, state: str, detail: str = "") -> None:
        if state == "connected":
            self.connected.set()
        if state == "waiting" and not self.reason.done():
            self.reason.set_result(detail)


async def reason_at(url: str, meanwhile: Callable[[], object] | None = None) -> str:
    """Why the first attempt or session at `url` ended; `meanwhile` is called once there is a session."""
    owner = Listening()
    running = asyncio.create_task(Gateway(owner, url=url).run())
    try:
        if meanwhile is not None:
            await asyncio.wait_for(owner.connected.wait(), 10)
            await asyncio.ensure_future(meanwhile())  # type: ignore[call-overload]
        return await asyncio.wait_for(owner.reason, 10)
    finally:
        running.cancel()
        await asyncio.wait([running])


@asynccontextmanager
async def answering(answer: bytes | None, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that gives every request this answer and closes; None: it never answers. Yields its port."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0, ssl=tls)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_where_nobody_listens(host: str) -> None:
    assert await reason_at(f"ws://{host}:{free_port()}/cable") == "nothing answers at the gateway's address"


async def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert await reason_at("ws://nowhere.invalid/cable") == (
        "the gateway's name could not be looked up; is this computer online?"
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
            "the gateway answered HTTP 503 instead of opening a websocket",
        ),
        (b"HTTP/1.1 101 Well\r\n\r\n", "what answers at the gateway's address is no websocket server"),
        (b"not http at all\r\n\r\n", "what answers at the gateway's address is no websocket server"),
        (b"", "what answers at the gateway's address is no websocket server"),
        (None, "the gateway did not answer in time"),
    ],
)
async def test_answers_that_open_no_websocket(
    answer: bytes | None, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "OPEN_WITHIN", 0.5 if answer is None else 10)
    async with answering(answer) as port:
        assert await reason_at(f"ws://127.0.0.1:{port}/cable") == reason


async def test_a_server_without_encryption() -> None:
    async with answering(b"HTTP/1.1 400 No\r\n\r\n") as port:
        assert await reason_at(f"wss://127.0.0.1:{port}/cable") == "no encrypted connection could be made"


async def test_a_certificate_of_nobody(tmp_path: Path) -> None:
    async with answering(b"", self_signed(tmp_path)) as port:
        reason = await reason_at(f"wss://127.0.0.1:{port}/cable")
    assert reason == "the gateway's certificate can't be trusted; is this computer's clock right?"


async def test_an_address_that_is_none() -> None:
    reason = await reason_at("ws://127.0.0.1:1/cable#fragment")
    assert reason == "the address in JOYSTICK_GATEWAY_URL can't be used"


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda joystick: joystick.disconnect("drop"), "the connection broke"),
        (lambda joystick: joystick.disconnect("close"), "the gateway closed the connection"),
        (
            lambda joystick: joystick.disconnect("frame", reason="server_restart"),
            "the gateway ended the session: server_restart",
        ),
        (lambda joystick: joystick.disconnect("frame"), "the gateway ended the session: it gave no reason"),
        (lambda joystick: joystick.push_text("x" * 2000), "the gateway sent a frame that is too large"),
        (lambda joystick: asyncio.to_thread(joystick.freeze), "nothing was heard from the gateway for 1.5 s"),
    ],
    ids=["drop", "close", "frame", "no reason", "too large", "frozen"],
)
async def test_ends_of_a_session(
    end: Callable[[Simulator], object], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_FRAME_BYTES", 1000)
    monkeypatch.setattr(session, "STALE_AFTER", 1.5)
    joystick = Simulator(Options(ping_every=0.15))
    await joystick.start()
    try:
        assert await reason_at(joystick.url, lambda: end(joystick)) == reason
    finally:
        await joystick.stop()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENETUNREACH, "Network is unreachable"), reasons.OFFLINE),
        (OSError(errno.EHOSTUNREACH, "No route to host"), reasons.OFFLINE),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), reasons.BROKE),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
        (ProxyError("hush"), "the proxy of this computer did not let the connection through"),
        (InvalidProxy("http://hush", "hush"), "the proxy of this computer did not let the connection through"),
        (RuntimeError("hush"), "the connection failed"),
    ],
)
async def test_errors_that_a_test_can_not_bring_about(error: Exception, reason: str) -> None:
    assert reasons.sentence(error) == reason
