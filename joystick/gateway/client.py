"""The client of Joystick's gateway: one Action Cable socket, frames in, actions out.

It knows the protocol and no database: what it hears, it hands to its owner (the listener). What a real Action
Cable server does, and does not, shapes much of it: no mistake is ever answered, close code 1000 means nothing, and
nothing keeps order between actions sent within milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from joystick.gateway.outgoing import MIN_INTERVAL, Action, Outgoing, RateLimit
from joystick.gateway.session import Session, SessionLost, TokenRefused
from joystick.protocol.received import ReceivedFrame

log = logging.getLogger("joystick")

SUBPROTOCOL = Subprotocol("actioncable-v1-json")
FIRST_PAUSE, MAX_PAUSE = 1.0, 30.0
SETTLED_AFTER = 30.0
"""A session that lived so long makes the next pause short again. A server that accepts and closes is not hammered."""
UNAUTHORIZED = 4401
MAX_FRAME_BYTES = 8 * 2**20


class Owner(Protocol):
    """Who the gateway works for."""

    async def get_token(self) -> str:
        """The token to come with; waits while there is none."""

    async def handle_refusal(self, token: str, reason: str) -> None:
        """This token is not let in. `token` will give another one, or wait for one."""

    async def accept(self, received: ReceivedFrame) -> None:
        """Take an event. Slow is fine: the socket is read no faster then."""

    async def report_state(self, state: str, detail: str = "") -> None:
        """How the line is: connecting, connected, waiting."""


class _Connect(connect):
    """Follows no redirect: it would carry the token elsewhere. Where the gateway moved, the setting has to."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Give up."""
        return exc


def _describe(error: Exception) -> str:
    """What a connection's end is called. The library's other sentences may hold the address, and so the token."""
    if isinstance(error, SessionLost | ConnectionClosed | InvalidStatus | OSError):
        return str(error) or type(error).__name__
    return type(error).__name__


class Gateway:
    """One line to Joystick: `run` it as a task, once; cancel the task to end it."""

    def __init__(
        self, owner: Owner, *, url: str, version: str = "v2", rate_limit: float = 1.0, max_chars: int = 500
    ) -> None:
        """`url`: ws(s)://…/cable; `rate_limit`: seconds between two lines; `max_chars`: of one line."""
        self._owner = owner
        self._url = url
        self._on_loopback = urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
        self._version = version
        self._max_chars = max_chars
        identifier = {"channel": "GatewayChannel"} | ({"event_version": "v2"} if version == "v2" else {})
        # The server knows a subscription by this very string, so it is made once and sent everywhere.
        self.identifier = json.dumps(identifier, separators=(",", ":"))
        self.last_frame_at: datetime | None = None
        """When the last frame came; None before the first."""
        self._outgoing = Outgoing()
        self._rate_limit = RateLimit(rate_limit)
        self._last_action = ""
        self._channel_id = ""
        self._channel_known = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._close_reason = ""

    async def run(self) -> None:
        """Hold the line until cancelled."""
        failures = 0
        while True:
            token = await self._owner.get_token()
            began = time.monotonic()
            await self._owner.report_state("connecting")
            try:
                await self._connect_once(token)
            except TokenRefused as error:
                reason = f"refused: {error}"
                await self._owner.handle_refusal(token, str(error))
            except (SessionLost, WebSocketException, OSError, TimeoutError) as error:
                reason = _describe(error)
            failures = 0 if time.monotonic() - began > SETTLED_AFTER else failures + 1
            pause = min(FIRST_PAUSE * 2 ** max(failures - 1, 0), MAX_PAUSE) * random.uniform(0.75, 1.0)
            log.warning("connection lost (%s); next try in %.1f s", reason, pause)
            await self._owner.report_state("waiting", reason)
            await asyncio.sleep(pause)

    async def close_session(self, reason: str) -> None:
        """End the present session, if there is one; another one is tried as ever."""
        if self._socket is not None:
            self._close_reason = reason
            await self._socket.close()

    def enqueue(self, action: Action) -> None:
        """Put an action on its way; a long text in several."""
        for piece in action.split(self._max_chars):
            self._outgoing.add(piece)

    def set_channel(self, channel_id: str) -> None:
        """Where actions without a channel go: the channel last heard from."""
        if channel_id:
            self._channel_id = channel_id
            self._channel_known.set()

    async def _connect_once(self, token: str) -> None:
        separator = "&" if "?" in self._url else "?"
        async with _Connect(
            f"{self._url}{separator}token={quote(token, safe='')}",
            subprotocols=[SUBPROTOCOL],
            compression=None,
            ping_interval=None,  # the server's own ping, every 3 s, is the sign of life
            open_timeout=10,
            close_timeout=1,
            max_size=MAX_FRAME_BYTES,
            proxy=None if self._on_loopback else True,
        ) as socket:
            self._socket, self._close_reason = socket, ""
            try:
                await self._run_session(socket, Session(socket, self.identifier, last_action=lambda: self._last_action))
            except ConnectionClosed as error:
                if error.rcvd is not None and error.rcvd.code == UNAUTHORIZED:
                    raise TokenRefused("unauthorized (4401)") from error
                if self._close_reason:
                    raise SessionLost(self._close_reason) from error
                raise
            finally:
                self._socket = None

    async def _run_session(self, socket: ClientConnection, session: Session) -> None:
        speaking: asyncio.Task[None] | None = None
        try:
            while True:
                received = await session.receive()
                self.last_frame_at = datetime.now(UTC)
                if received is not None:
                    if received.event is not None:
                        self.set_channel(received.event.channel_id)
                    await self._owner.accept(received)
                if speaking is not None and speaking.done():
                    speaking.result()  # whatever ended it ends the session, too: a bot must not go silent unnoticed
                if session.confirmed and speaking is None:
                    log.info("connected")
                    await self._owner.report_state("connected")
                    speaking = asyncio.create_task(self._send_actions(socket))
        finally:
            if speaking is not None:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)

    async def _send_actions(self, socket: ClientConnection) -> None:
        """Send the waiting actions, one at a time: the server does not keep the order of those sent close together."""
        while True:
            action = await self._outgoing.peek()
            channel_id = action.channel_id or self._channel_id
            if not channel_id:
                await self._channel_known.wait()
                continue  # look again: the line may have become too old
            wait = self._rate_limit.seconds_until(action)
            if wait > 0:
                await asyncio.sleep(min(wait, MIN_INTERVAL))
                continue  # something more urgent may have come
            self._last_action = str(action)
            await socket.send(json.dumps(self._encode(action, channel_id)))
            if action.name == "send_message":
                log.info("said: %s", action.arguments["text"])
            else:
                log.info("did: %s", self._last_action)
            self._outgoing.remove(action)
            self._rate_limit.count(action)
            await asyncio.sleep(MIN_INTERVAL)

    def _encode(self, action: Action, channel_id: str) -> dict[str, str]:
        words = {**action.arguments, "channel_id": channel_id}
        if self._version == "v1":  # its keys were camelCase until July 2026
            words = {
                {"channel_id": "channelId", "message_id": "messageId"}.get(key, key): v for key, v in words.items()
            }
        data = json.dumps({"action": action.name, **words})
        return {"command": "message", "identifier": self.identifier, "data": data}
