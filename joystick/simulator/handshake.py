"""The handshake as Rails takes it: laxer than the library's own."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection
from websockets.datastructures import Headers
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol
from websockets.utils import accept_key

KNOWN_SUBPROTOCOLS = ("actioncable-v1-json", "actioncable-unsupported")
A_GOOD_KEY = "cGl4ZWwgYm90IHBpeGVsIQ=="


class Connection(ServerConnection):
    """Rails closes with 1003 where a client forgets its mask, and takes any handshake key."""

    key = ""

    def __init__(self, protocol: ServerProtocol, server: Server, **options: Any) -> None:
        super().__init__(protocol, server, **options)
        fail = protocol.fail

        def fail_as_rails(code: CloseCode | int, reason: str = "") -> None:
            fail(CloseCode.UNSUPPORTED_DATA if "mask" in reason else code, reason)

        setattr(protocol, "fail", fail_as_rails)  # noqa: B010 (an instance's method, on purpose)


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
