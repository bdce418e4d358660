"""Opening a connection to OBS: obsws-python connects and logs in. And what the errors of a connection mean."""

from __future__ import annotations

import contextlib
import socket

import websocket
from obsws_python.baseclient import ObsClient
from obsws_python.error import OBSSDKError

from effects.obs.address import Options

CONNECT_WITHIN = 5.0
# obs-websocket's EventSubscription bits: General, and Outputs (replay buffer saved).
GENERAL_AND_OUTPUT_EVENTS = 1 | 1 << 6
# Everything that a breaking connection raises: a close frame that is parsed as JSON is a ValueError, for instance.
CONNECTION_ERRORS = (OBSSDKError, websocket.WebSocketException, OSError, ValueError, KeyError, TypeError)


def hang_up(ws: websocket.WebSocket) -> None:
    """Close the connection, and wake the thread that reads from it (closing a socket alone does not)."""
    with contextlib.suppress(*CONNECTION_ERRORS):
        ws.send_close()
    with contextlib.suppress(*CONNECTION_ERRORS):
        if ws.sock is not None:
            ws.sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(*CONNECTION_ERRORS):
        ws.shutdown()  # type: ignore[no-untyped-call]


def connect(target: Options) -> websocket.WebSocket:
    """Connect to OBS and log in. Raise one of CONNECTION_ERRORS if that fails."""
    client = ObsClient(
        host=target.host,
        port=target.port,
        password=target.password,
        timeout=CONNECT_WITHIN,
        subs=GENERAL_AND_OUTPUT_EVENTS,
    )
    try:
        client.authenticate()
    except BaseException:
        hang_up(client.ws)  # the library leaves a refused connection open
        raise
    client.ws.settimeout(None)  # the reading thread waits as long as it takes
    ws: websocket.WebSocket = client.ws
    return ws


def describe(error: Exception) -> str:
    """Return the sentence that says what one of CONNECTION_ERRORS, or a Failed, means."""
    if isinstance(error, OBSSDKError):
        return "OBS did not accept the login: is the password right?"
    if isinstance(error, ConnectionRefusedError):
        return "nothing answers there: is OBS running, with its WebSocket server switched on?"
    if isinstance(error, websocket.WebSocketBadStatusException):
        return "something answers there, but it is not OBS"
    if isinstance(error, websocket.WebSocketTimeoutException | TimeoutError):
        return "OBS does not answer"
    return str(error) or type(error).__name__
