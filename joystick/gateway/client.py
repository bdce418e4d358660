"""The client of Joystick's gateway: one Action Cable socket, frames in, actions out.

It imports no database: events go to its owner, the listener. Measured on a real Action Cable server (Rails 6.1 and 7.2
with puma): no mistake is ever answered, close code 1000 means nothing, and actions sent within milliseconds of each
other are carried out in any order.
"""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote, urlsplit

from prometheus_client import Counter, Gauge
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from joystick.gateway import reasons
from joystick.gateway.outgoing import counting
from joystick.gateway.outgoing.actions import SPOKEN, Action, Listing
from joystick.gateway.outgoing.by_channel import ByChannel
from joystick.gateway.outgoing.echoes import Echoes
from joystick.gateway.outgoing.waiting import is_said
from joystick.gateway.pace import Attempts
from joystick.gateway.session import Session, SessionLost, TokenRefused
from joystick.protocol.frames import ReceivedFrame
from pixelbot_site.kit import origin

log = logging.getLogger("joystick")

SUBPROTOCOL = Subprotocol("actioncable-v1-json")
# The close code for a token that is not accepted (Joystick's developer page, July 2026).
UNAUTHORIZED = 4401
MAX_FRAME_BYTES = 8 * 2**20
# Seconds for the connection and its handshake.
OPEN_WITHIN = 10.0
SESSIONS = Counter(
    "pixelbot_joystick_sessions", "Confirmed connections to Joystick.tv; all but the first are reconnects."
)
CONNECTED = Gauge("pixelbot_joystick_connected", "1 while this process is connected to Joystick.tv, else 0.")
# The keys that v1 spelled in camelCase, until July 2026.
V1_KEYS = {"channel_id": "channelId", "message_id": "messageId"}


class Owner(Protocol):
    """What the gateway needs from whoever runs it. The listener implements it."""

    async def get_token(self) -> str:
        """Return the token to connect with; wait while there is none."""

    async def handle_refusal(self, token: str, reason: str) -> bool:
        """React to a token that was refused. Return whether to try again soon; else `get_token` waits for the time."""

    async def accept(self, received: ReceivedFrame) -> None:
        """Take a frame to be stored. The socket is not read while this waits."""

    async def report_state(self, state: str, detail: str = "") -> None:
        """Take the state of the connection: "connecting", "connected" or "waiting", and why."""


class _Connect(connect):
    """A connection that follows no redirect. Change JOYSTICK_GATEWAY_URL when the gateway moves."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the exception, which ends the attempt."""
        return exc  # the redirected address would get the token, and it may be anybody's


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
        amount: str = "everything",
    ) -> None:
        """Take the gateway's address, ws(s)://…/cable, and for chat what `set_chat` takes."""
        self._owner = owner
        self._url = url
        self._on_loopback = urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
        self._version = version
        identifier = {"channel": "GatewayChannel"} | ({"event_version": "v2"} if version == "v2" else {})
        # The server compares this string byte by byte (measured), so it is made once and used in every command.
        self.identifier = json.dumps(identifier, separators=(",", ":"))
        self.last_frame_at: datetime | None = None
        self.echoes = Echoes()
        self.outgoing = ByChannel()
        self.set_chat(rate_limit=rate_limit, max_chars=max_chars, bot_username=bot_username, amount=amount)
        self._last_action = ""
        self._socket: ClientConnection | None = None
        self._close_reason = ""
        self._session: Session | None = None
        self._reason = ""

    async def run(self) -> None:
        """Connect again and again until cancelled."""
        attempts = Attempts()
        while True:
            token = await self._owner.get_token()
            await self._owner.report_state("connecting")
            attempts.count()
            is_refused = await self._attempt(token)
            settled = self._session is not None and self._session.is_settled
            pause = attempts.seconds_until_allowed() if is_refused else attempts.pause_after(settled=settled)
            if not is_refused:
                log.warning("connection lost (%s); next try in %.1f s", self._reason, pause)
            await asyncio.sleep(pause)

    async def _attempt(self, token: str) -> bool:
        """Run one session. Return whether it ended by a refusal after which only `get_token` knows when to go on."""
        self._session = None
        try:
            await self._connect_once(token)
        except TokenRefused as error:
            self._reason = f"refused: {error}"
            return not await self._owner.handle_refusal(token, str(error))
        except (SessionLost, WebSocketException, OSError, TimeoutError) as error:
            self._reason = reasons.sentence(error)
            await self._owner.report_state("waiting", self._reason)
        return False

    @property
    def is_connected(self) -> bool:
        """Whether actions are carried out now."""
        return self._socket is not None and self._session is not None and self._session.confirmed

    async def close_session(self, reason: str) -> None:
        """Close the current session, if there is one. `run` then connects again, as after any other end."""
        if self._socket is not None:
            self._close_reason = reason
            await self._socket.close()

    def enqueue(self, action: Action) -> None:
        """Queue an action to be sent, a long text as several lines; leave out what the streamer wants unsaid."""
        if not is_said(action, self._amount):
            return
        for piece in action.split(self._max_chars):
            self.outgoing.add(piece)

    def set_chat(
        self,
        *,
        rate_limit: float,
        max_chars: int,
        bot_username: str,
        amount: str,
        listing: Listing | None = None,
    ) -> None:
        """Set the seconds between two lines of a channel, a line's length, the bot's name, how much is said (a key of
        SAID), and how several names are said.

        What waits already is said by the new pace.
        """
        self._amount = amount
        self._max_chars = max_chars
        self.outgoing.set_limits(interval=rate_limit, max_chars=max_chars, listing=listing)
        self.echoes.set_known_name(bot_username)

    def set_channel(self, channel_id: str) -> None:
        """Set the channel for actions without one. "" is ignored."""
        if channel_id:
            self.outgoing.set_default(channel_id)

    async def _connect_once(self, token: str) -> None:
        separator = "&" if "?" in self._url else "?"
        async with _Connect(
            f"{self._url}{separator}token={quote(token, safe='')}",
            subprotocols=[SUBPROTOCOL],
            compression=None,
            ping_interval=None,  # the server's own ping, every 3 s, is the sign of life
            open_timeout=OPEN_WITHIN,
            close_timeout=1,
            max_size=MAX_FRAME_BYTES,
            proxy=None if self._on_loopback else True,
        ) as socket:
            self._socket, self._close_reason = socket, ""
            try:
                self._session = Session(socket, self.identifier, last_action=lambda: self._last_action)
                await self._run_session(socket, self._session)
            except ConnectionClosed as error:
                if error.rcvd is not None and error.rcvd.code == UNAUTHORIZED:
                    raise TokenRefused("unauthorized (4401)") from error
                if self._close_reason:
                    raise SessionLost(self._close_reason) from error
                raise
            finally:
                self._socket = None
                CONNECTED.set(0)

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
                    SESSIONS.inc()
                    CONNECTED.set(1)
                    await self._owner.report_state("connected")
                    sender = asyncio.create_task(self._send_actions(socket))
        finally:
            if sender is not None:
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)

    async def _send_actions(self, socket: ClientConnection) -> None:
        while True:
            await self.outgoing.wait_next()
            await self._send(socket, self.outgoing.take())

    async def _send(self, socket: ClientConnection, action: Action) -> None:
        self._last_action = str(action)
        if action.name == "send_message":
            self.echoes.said(action.arguments["text"])  # before it is sent: its echo may be quick
        try:
            await socket.send(json.dumps(self._encode(action)))
        except BaseException:  # a cancelled sender, too: what the socket did not take is sent in the next session
            self.outgoing.put_back()
            raise
        with origin.of(action.event):
            if action.name == "send_message":
                log.info("said: %s", action.arguments["text"])
            else:
                log.info("did: %s", self._last_action)
        counting.count_sent(action)
        if action.name in SPOKEN:
            self.outgoing.count()

    def _encode(self, action: Action) -> dict[str, str]:
        arguments = {**action.arguments, "channel_id": action.channel_id}
        if self._version == "v1":
            arguments = {V1_KEYS.get(key, key): value for key, value in arguments.items()}
        data = json.dumps({"action": action.name, **arguments})
        return {"command": "message", "identifier": self.identifier, "data": data}
