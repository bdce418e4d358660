"""The handshake as Rails takes it: laxer than the library's own."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection
from websockets.datastructures import Headers
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol
from websockets.utils import accept_key

KNOWN_SUBPROTOCOLS = ("actioncable-v1-json", "actioncable-unsupported")
A_GOOD_KEY = "cGl4ZWwgYm90IHBpeGVsIQ=="


class Protocol(ServerProtocol):
    """The library's protocol with the close codes that Rails answers with."""

    def fail(self, code: CloseCode | int, reason: str = "") -> None:
        """1003 where a client forgot its mask."""
        super().fail(CloseCode.UNSUPPORTED_DATA if "mask" in reason else code, reason)

    def send_frame(self, frame: Frame) -> None:
        """A close frame without a code is answered with 1000."""
        if frame.opcode is Opcode.CLOSE and not frame.data:
            frame = Frame(Opcode.CLOSE, Close(CloseCode.NORMAL_CLOSURE, "").serialize())
        super().send_frame(frame)


class Connection(ServerConnection):
    """A connection whose handshake is Rails': any key will do, and what comes in one packet with it is lost."""

    key = ""

    def __init__(self, protocol: ServerProtocol, server: Server, **options: Any) -> None:
        protocol.__class__ = Protocol  # the library takes a connection class, but no protocol class
        super().__init__(protocol, server, **options)

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        if self.request is None:
            head, end, _lost = data.partition(b"\r\n\r\n")
            data = head + end
        super().data_received(data)


def look_at(socket: ServerConnection, request: Request) -> Response | None:
    """404 for everything but a websocket handshake at /cable."""
    path = urlsplit(request.path).path
    upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
    if request.method != "GET" or path not in {"/cable", "/cable/"} or not upgrade:
        response = socket.respond(HTTPStatus.NOT_FOUND, "Page not found")
        _replace(response.headers, "Content-Type", "text/plain")
        return response
    # Rails checks neither the version nor the key; the library does, so it is shown good ones.
    assert isinstance(socket, Connection)
    socket.key = _replace(request.headers, "Sec-WebSocket-Key", A_GOOD_KEY)
    _replace(request.headers, "Sec-WebSocket-Version", "13")
    return None


def select_subprotocol(socket: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """The first one the *client* lists that Rails knows; without any, the connection works as well."""
    return next((name for name in offered if name in KNOWN_SUBPROTOCOLS), None)


def accept_any_key(socket: ServerConnection, request: Request, response: Response) -> None:
    """Sign the key that the client really sent."""
    if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
        assert isinstance(socket, Connection)
        _replace(response.headers, "Sec-WebSocket-Accept", accept_key(socket.key))


def _replace(headers: Headers, name: str, value: str) -> str:
    before = headers.get_all(name)
    if before:
        del headers[name]
    headers[name] = value
    return before[0] if before else ""
