"""One socket's life as Action Cable has it: welcome, subscribe, confirmed, then frames until the end."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Protocol

from joystick.protocol import frames
from joystick.protocol.received import ReceivedFrame, error_event, read_frame

log = logging.getLogger("joystick")

STALE_AFTER = 6.0
"""Seconds without any frame: the server pings every 3."""
LOOK_AGAIN = 0.2
SUBSCRIBE_AGAIN_AFTER = 2.0
GIVE_UP_SUBSCRIBING_AFTER = 10.0


class TokenRefused(Exception):
    """The gateway does not want us: trying again with the same token is pointless."""


class SessionLost(Exception):
    """The session ended, and another one may do better."""


class Socket(Protocol):
    """What a session needs of a connection."""

    async def recv(self) -> str | bytes:
        """The next frame."""

    async def send(self, text: str, /) -> None:
        """Send a text frame."""


class Session:
    """A connected socket, and how far its subscription is."""

    def __init__(self, socket: Socket, identifier: str, *, last_action: Callable[[], str] = str) -> None:
        """`last_action` tells what was sent last: an error frame does not say what it answers."""
        self._last_action = last_action
        self._socket = socket
        self._identifier = identifier
        self._opened = time.monotonic()
        self._asked: float | None = None
        self.confirmed = False

    async def receive(self) -> ReceivedFrame | None:
        """Take one frame: an event is returned, an error frame as one too; any other control frame is dealt with.

        Raises TimeoutError when nothing came for STALE_AFTER seconds, Lost and Refused as the server's words mean,
        ConnectionClosed when it went without any.
        """
        text = await self._receive_text()
        frame = read_frame(text if isinstance(text, str) else text.decode("utf-8", "replace"))
        if isinstance(frame, ReceivedFrame):
            return frame
        if isinstance(frame, frames.ServerError):
            return error_event(frame.text, raw=str(text), last_action=self._last_action())
        await self._control(frame)
        if not self.confirmed:
            await self._resubscribe()
        return None

    async def _receive_text(self) -> str | bytes:
        try:
            async with asyncio.timeout(STALE_AFTER):
                return await self._socket.recv()
        except TimeoutError:
            # Perhaps it was we who slept (a suspended PC, say): what came meanwhile is there already, and is taken.
            async with asyncio.timeout(LOOK_AGAIN):
                return await self._socket.recv()

    async def _control(self, frame: frames.Control) -> None:
        match frame:
            case frames.Welcome():
                await self._subscribe()
            case frames.Confirmed(identifier=identifier):
                self.confirmed = self.confirmed or identifier == self._identifier
            case frames.Rejected():
                raise SessionLost("the gateway rejected the subscription")
            case frames.Disconnect(reason=reason, reconnect=True):
                raise SessionLost(f"the gateway says goodbye: {reason or 'no reason'}")
            case frames.Disconnect(reason=reason):
                raise TokenRefused(reason or "disconnect without a reason")

    async def _subscribe(self) -> None:
        await self._socket.send(json.dumps({"command": "subscribe", "identifier": self._identifier}))
        self._asked = time.monotonic()

    async def _resubscribe(self) -> None:
        """An unanswered subscribe is sent again; the server's pings give the beat for it."""
        now = time.monotonic()
        if now - self._opened > GIVE_UP_SUBSCRIBING_AFTER:
            raise SessionLost("the subscription was not confirmed")
        if self._asked is not None and now - self._asked > SUBSCRIBE_AGAIN_AFTER:
            await self._subscribe()
