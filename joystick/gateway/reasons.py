"""Why there is no connection, as a clause for people, made of the error that ended the attempt or the session."""

from __future__ import annotations

import errno
import os
import socket
import ssl

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    ProxyError,
)
from websockets.frames import CloseCode

from joystick.gateway.session import SessionLost

OFFLINE = "the network can't be reached; is this computer online?"
BROKE = "the connection broke"
# Windows gives some of them numbers of its own, which Python maps to these classes or names.
OS_ERRORS = {
    errno.ECONNREFUSED: "nothing answers at the gateway's address",
    errno.ECONNRESET: BROKE,
    errno.EPIPE: BROKE,
    errno.ECONNABORTED: BROKE,
    errno.ENETUNREACH: OFFLINE,
    errno.EHOSTUNREACH: OFFLINE,
    errno.ENETDOWN: OFFLINE,
    errno.ETIMEDOUT: "the gateway did not answer in time",
}


def sentence(error: Exception) -> str:
    """Return the reason as a clause without a full stop. It holds no part of the address, whose query has the token."""
    match error:
        case SessionLost():
            return str(error)
        case ConnectionClosed():
            return _closed(error)
        case InvalidStatus():
            return f"the gateway answered HTTP {error.response.status_code} instead of opening a websocket"
        case InvalidURI():
            return "the address in JOYSTICK_GATEWAY_URL can't be used"
        case ProxyError() | InvalidProxy():
            return "the proxy of this computer did not let the connection through"
        case InvalidHandshake():
            return "what answers at the gateway's address is no websocket server"
        case OSError():
            return _os_error(error)
    return "the connection failed"


def _closed(error: ConnectionClosed) -> str:
    if error.sent is not None and error.sent.code == CloseCode.MESSAGE_TOO_BIG:
        return "the gateway sent a frame that is too large"
    if error.rcvd is None:
        return BROKE
    code = "" if error.rcvd.code == CloseCode.NORMAL_CLOSURE else f" (code {error.rcvd.code})"
    return f"the gateway closed the connection{code}"


def _os_error(error: OSError) -> str:
    match error:
        case TimeoutError():
            return OS_ERRORS[errno.ETIMEDOUT]
        case socket.gaierror():
            return "the gateway's name could not be looked up; is this computer online?"
        case ssl.SSLCertVerificationError():
            return "the gateway's certificate can't be trusted; is this computer's clock right?"
        case ssl.SSLError():
            return "no encrypted connection could be made"
        case ConnectionRefusedError():
            return OS_ERRORS[errno.ECONNREFUSED]
        case ConnectionError():
            return BROKE
    if error.errno is None:  # asyncio's sum of what happened at several addresses
        return OS_ERRORS[errno.ECONNREFUSED]
    return OS_ERRORS.get(error.errno, os.strerror(error.errno))
