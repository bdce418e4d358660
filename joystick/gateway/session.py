"""One session of Action Cable's protocol: welcome, subscribe, confirmation, then frames until the socket ends."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from joystick.protocol import frames
from joystick.protocol.frames import ReceivedFrame, error_event, read_frame

log = logging.getLogger("joystick")

# Seconds without any frame after which the session is lost. The server pings every 3 s (Action Cable's default).
STALE_AFTER = 6.0
# Seconds of a second look, for frames that arrived while this process slept.
LOOK_AGAIN = 0.2
# Seconds until an unconfirmed subscribe is sent again, and until the session is given up.
SUBSCRIBE_AGAIN_AFTER = 2.0
GIVE_UP_SUBSCRIBING_AFTER = 10.0
# Seconds that a confirmed session must live to count as settled, unless an event comes first.
SETTLED_AFTER = 5.0


class TokenRefused(Exception):
    """The gateway refused the token: another attempt with the same one is pointless."""


class SessionLost(Exception):
    """The session ended; another attempt may succeed."""


class Socket(Protocol):
    """What a session needs from a connection."""

    async def recv(self) -> str | bytes:
        """Return the next frame."""

    async def send(self, text: str, /) -> None:
        """Send a text frame."""


class Session:
    """A connected socket and the state of its subscription.

    `confirmed`: actions are carried out from now on. `is_settled`: the session is a good one, since it has heard an
    event or has lived for a while.
    """

    def __init__(self, socket: Socket, identifier: str, *, last_action: Callable[[], str]) -> None:
        """Take the socket, the subscription's identifier, and a function that returns the last action that was sent."""
        self._last_action = last_action
        self._socket = socket
        self._identifier = identifier
        self._opened = time.monotonic()
        self._asked: float | None = None
        self._confirmed_at = 0.0
        self.confirmed = False
        self.is_settled = False

    async def receive(self) -> ReceivedFrame | None:
        """Wait for a frame. Return it if it is to be stored (an event, an error frame); handle other control frames.

        Raises SessionLost when nothing came for STALE_AFTER seconds, SessionLost or TokenRefused when the server ends
        the session with a frame, ConnectionClosed when it ends without one.
        """
        text = await self._receive_text()
        frame = read_frame(text if isinstance(text, str) else text.decode("utf-8", "replace"))
        self._note_life(frame)
        if isinstance(frame, ReceivedFrame):
            return frame
        if isinstance(frame, frames.ServerError):
            # An error frame does not say which action it answers.
            return error_event(frame.text, raw=str(text), last_action=self._last_action())
        await self._control(frame)
        if not self.confirmed:
            await self._resubscribe()
        return None

    def _note_life(self, frame: ReceivedFrame | frames.Control) -> None:
        has_event = isinstance(frame, ReceivedFrame) and frame.event is not None
        if self.confirmed and (has_event or time.monotonic() - self._confirmed_at > SETTLED_AFTER):
            self.is_settled = True

    async def _receive_text(self) -> str | bytes:
        try:
            async with asyncio.timeout(STALE_AFTER):
                return await self._socket.recv()
        except TimeoutError:
            # Perhaps this process slept (a suspended PC, say). Then what came meanwhile is in the buffer already.
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN):
                    return await self._socket.recv()
        raise SessionLost(f"nothing was heard from the gateway for {STALE_AFTER:g} s")

    async def _control(self, frame: frames.Control) -> None:
        match frame:
            case frames.Welcome():
                await self._subscribe()
            case frames.Confirmed(identifier=identifier):
                if identifier == self._identifier:
                    self.confirmed, self._confirmed_at = True, time.monotonic()
            case frames.Rejected():
                raise SessionLost("the gateway rejected the subscription")
            case frames.Disconnect(reason=reason, reconnect=True):
                raise SessionLost(f"the gateway ended the session: {reason or 'it gave no reason'}")
            case frames.Disconnect(reason=reason):
                raise TokenRefused(reason or "it gave no reason")

    async def _subscribe(self) -> None:
        await self._socket.send(json.dumps({"command": "subscribe", "identifier": self._identifier}))
        self._asked = time.monotonic()

    async def _resubscribe(self) -> None:
        # Runs at each control frame, so that the server's pings time it. Measured: of subscribes right behind an
        # unsubscribe, some are never confirmed.
        now = time.monotonic()
        if now - self._opened > GIVE_UP_SUBSCRIBING_AFTER:
            raise SessionLost("the subscription was not confirmed")
        if self._asked is not None and now - self._asked > SUBSCRIBE_AGAIN_AFTER:
            await self._subscribe()
