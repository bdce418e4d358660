"""The client of Joystick's gateway: one Action Cable socket, frames in, actions out.

It imports no database: events go to its owner, the listener. Measured on a real Action Cable server (Rails 6.1 and 7.2
with puma): no mistake is ever answered, close code 1000 means nothing, and actions sent within milliseconds of each
other are carried out in any order.
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

from joystick.gateway.echoes import Echoes
from joystick.gateway.outgoing import MIN_INTERVAL, Action, Outgoing, RateLimit
from joystick.gateway.session import Session, SessionLost, TokenRefused
from joystick.protocol.received import ReceivedFrame

log = logging.getLogger("joystick")

SUBPROTOCOL = Subprotocol("actioncable-v1-json")
# Seconds between two attempts: doubled after each failure, from the first to the maximum.
FIRST_PAUSE = 1.0
MAX_PAUSE = 30.0
# Seconds after which a session counts as good and the pause starts short again. Not at the connection itself: a server
# that accepts and closes at once must not be hammered.
SETTLED_AFTER = 30.0
# The close code for a token that is not accepted (Joystick's developer page, July 2026).
UNAUTHORIZED = 4401
MAX_FRAME_BYTES = 8 * 2**20
# The keys that v1 spelled in camelCase, until July 2026.
V1_KEYS = {"channel_id": "channelId", "message_id": "messageId"}


class Owner(Protocol):
    """What the gateway needs from whoever runs it. The listener implements it."""

    async def get_token(self) -> str:
        """Return the token to connect with; wait while there is none."""

    async def handle_refusal(self, token: str, reason: str) -> None:
        """React to a token that was refused: the next `get_token` returns another one, or waits for one."""

    async def accept(self, received: ReceivedFrame) -> None:
        """Take a frame to be stored. The socket is not read while this waits."""

    async def report_state(self, state: str, detail: str = "") -> None:
        """Take the state of the connection: "connecting", "connected" or "waiting", and why."""


class _Connect(connect):
    """A connection that follows no redirect. Change JOYSTICK_GATEWAY_URL when the gateway moves."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the exception, which ends the attempt."""
        return exc  # the redirected address would get the token, and it may be anybody's


def _describe(error: Exception) -> str:
    # The other sentences of the library may contain the address, and with it the token. They must not be logged.
    if isinstance(error, SessionLost | ConnectionClosed | InvalidStatus | OSError):
        return str(error) or type(error).__name__
    return type(error).__name__


class Gateway:
    """One connection to Joystick, renewed whenever it is lost. `run` it as a task, once; cancel the task to end it."""

    def __init__(
        self,
        owner: Owner,
        *,
        url: str,
        version: str = "v2",
        rate_limit: float = 1.0,
        max_chars: int = 500,
        bot_username: str = "",
    ) -> None:
        """Take the gateway's address, ws(s)://…/cable, and for chat the seconds between lines, a line's length, and the
        bot's name.
        """
        self._owner = owner
        self._url = url
        self._on_loopback = urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
        self._version = version
        self._max_chars = max_chars
        identifier = {"channel": "GatewayChannel"} | ({"event_version": "v2"} if version == "v2" else {})
        # The server compares this string byte by byte (measured), so it is made once and used in every command.
        self.identifier = json.dumps(identifier, separators=(",", ":"))
        self.last_frame_at: datetime | None = None
        self.echoes = Echoes(bot_username)
        self._outgoing = Outgoing()
        self._rate_limit = RateLimit(rate_limit)
        self._last_action = ""
        self._channel_id = ""
        self._channel_known = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._close_reason = ""

    async def run(self) -> None:
        """Connect again and again until cancelled."""
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
            pause = min(FIRST_PAUSE * 2 ** max(failures - 1, 0), MAX_PAUSE) * random.uniform(
                0.75, 1.0
            )  # not all bots at once
            log.warning("connection lost (%s); next try in %.1f s", reason, pause)
            await self._owner.report_state("waiting", reason)
            await asyncio.sleep(pause)

    async def close_session(self, reason: str) -> None:
        """Close the current session, if there is one. `run` then connects again, as after any other end."""
        if self._socket is not None:
            self._close_reason = reason
            await self._socket.close()

    def enqueue(self, action: Action) -> None:
        """Queue an action to be sent, a long text as several lines."""
        for piece in action.split(self._max_chars):
            self._outgoing.add(piece)

    def set_channel(self, channel_id: str) -> None:
        """Set the channel for actions without one. "" is ignored."""
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
        sender: asyncio.Task[None] | None = None
        try:
            while True:
                received = await session.receive()
                self.last_frame_at = datetime.now(UTC)
                if received is not None:
                    if received.event is not None:
                        self.set_channel(received.event.channel_id)
                    await self._owner.accept(received)
                if sender is not None and sender.done():
                    sender.result()  # raise its error here: otherwise the bot would listen on, but never speak again
                if session.confirmed and sender is None:
                    log.info("connected")
                    await self._owner.report_state("connected")
                    sender = asyncio.create_task(self._send_actions(socket))
        finally:
            if sender is not None:
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)

    async def _send_actions(self, socket: ClientConnection) -> None:
        # One at a time, MIN_INTERVAL apart: the server does not keep the order of actions sent close together.
        while True:
            action = await self._outgoing.peek()
            channel_id = action.channel_id or self._channel_id
            if not channel_id:
                await self._channel_known.wait()
                continue  # look again: the action may have become too old
            wait = self._rate_limit.seconds_until(action)
            if wait > 0:
                await asyncio.sleep(min(wait, MIN_INTERVAL))
                continue  # look again: moderation may have been queued in front
            self._last_action = str(action)
            if action.name == "send_message":
                self.echoes.said(action.arguments["text"])  # before it is sent: its echo may be quick
            await socket.send(json.dumps(self._encode(action, channel_id)))
            if action.name == "send_message":
                log.info("said: %s", action.arguments["text"])
            else:
                log.info("did: %s", self._last_action)
            # After the send, not before: what a broken socket did not take is sent in the next session.
            self._outgoing.remove(action)
            self._rate_limit.count(action)
            await asyncio.sleep(MIN_INTERVAL)

    def _encode(self, action: Action, channel_id: str) -> dict[str, str]:
        arguments = {**action.arguments, "channel_id": channel_id}
        if self._version == "v1":
            arguments = {V1_KEYS.get(key, key): value for key, value in arguments.items()}
        data = json.dumps({"action": action.name, **arguments})
        return {"command": "message", "identifier": self.identifier, "data": data}
