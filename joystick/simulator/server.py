"""A Joystick.tv gateway on loopback.

It behaves as a real Action Cable server was measured to (Rails 6.1 and 7.2 with puma), which is mostly silence: no
action is answered, and no mistake. What Joystick documents beyond that, close code 4401 and error frames, are options.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from joystick.simulator import handshake
from joystick.simulator.accounts import Accounts
from joystick.simulator.channel import Channel
from joystick.simulator.happenings import Happening
from joystick.simulator.options import Options
from joystick.simulator.wire import encode, read_object

ACTIONS = {"send_message", "send_whisper", "delete_message", "mute_user", "unmute_user"}
KEEP_REFUSED = 60.0
MAX_FRAME_BYTES = 64 * 2**20
FORGOTTEN = 0.13
"""The share of subscribes right behind an unsubscribe that is never confirmed, where order is loose: 4 of 30."""
Ending = Literal["frame", "close", "drop"]


@dataclass(slots=True, eq=False)
class Client:
    """One connection: the identifiers it is subscribed with, byte for byte."""

    socket: ServerConnection
    subscriptions: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    left_at: dict[str, float] = field(default_factory=dict)


class Simulator:
    """The gateway. All methods belong to the event loop that started it."""

    def __init__(
        self, options: Options | None = None, *, port: int = 0, seed: int = 1, accounts: Accounts | None = None
    ) -> None:
        """`port` 0 takes a free one; `url` tells which. With `accounts`, only their tokens are let in."""
        self.options = options or Options()
        self.accounts = accounts
        self.channel = Channel()
        self.delivered: dict[str, Happening] = {}
        """What subscribers were told, by uid; of each, once."""
        self.connected_at: list[float] = []
        """When each connection was made (monotonic seconds)."""
        self.actions: list[dict[str, Any]] = []
        """What bots did, in the order carried out: the `data` of each action."""
        self.acted = asyncio.Event()
        self.subscribed = asyncio.Event()
        self._port = port
        self._random = random.Random(seed)
        self._clients: set[Client] = set()
        self._refused: set[Client] = set()
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._server: Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # --- the server's life -------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to listen on 127.0.0.1. Raises OSError when the port is taken."""
        self._server = await serve(
            self._serve_client,
            "127.0.0.1",
            self._port,
            process_request=self._process_request,
            process_response=handshake.accept_any_key,
            select_subprotocol=handshake.select_subprotocol,
            create_connection=handshake.Connection,
            compression=None,
            ping_interval=None,
            max_size=MAX_FRAME_BYTES,
            close_timeout=1,
        )
        self._port = self._server.sockets[0].getsockname()[1]
        self._in_background(self._ping())

    async def stop(self) -> None:
        """Stop listening and hang up on everybody, without a word."""
        for task in list(self._tasks):
            task.cancel()
        self.thaw()
        self._drop_all()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    @property
    def connections_made(self) -> int:
        """How many connections there were, refused ones included."""
        return len(self.connected_at)

    @property
    def url(self) -> str:
        """The address for a client, without a token."""
        return f"ws://127.0.0.1:{self._port}/cable"

    # --- what a test or a scenario does ------------------------------------------------------------------------------

    async def happen(self, happening: Happening) -> None:
        """Tell every subscription, each in the envelope it asked for. What somebody muted writes is told to nobody."""
        if not self.channel.takes(happening):
            return
        for client, identifier in self._subscriptions():
            version = "v2" if read_object(identifier).get("event_version") == "v2" else "v1"
            if await self._send(client, {"identifier": identifier, "message": happening.message(version)}):
                self.delivered.setdefault(happening.uid, happening)

    async def push(self, message: Any) -> None:
        """Tell every subscription this very message, whatever it asked for."""
        for client, identifier in self._subscriptions():
            await self._send(client, {"identifier": identifier, "message": message})

    async def push_text(self, text: str) -> None:
        """Send a raw text frame to every connection."""
        await self._thawed.wait()
        for client in list(self._clients):
            await client.socket.send(text)

    async def disconnect(self, ending: Ending = "frame", *, reason: str | None = None, reconnect: bool = True) -> None:
        """End every connection: with a disconnect frame and close 1000, a bare close 1000, or neither."""
        for client in list(self._clients):
            if ending == "frame":
                await self._send(client, {"type": "disconnect", "reason": reason, "reconnect": reconnect})
            if ending != "drop":
                await client.socket.close(CloseCode.NORMAL_CLOSURE)
        if ending == "drop":
            self._drop_all()

    async def flush(self) -> None:
        """Wait until every connection has taken what was sent: its answer to a websocket ping comes behind that."""
        for client in list(self._clients):
            with contextlib.suppress(ConnectionClosed, TimeoutError):
                async with asyncio.timeout(5):
                    await (await client.socket.ping())

    async def sleep(self, seconds: float) -> None:
        """Seconds of the scenario's time."""
        await asyncio.sleep(seconds / self.options.speed)

    async def subscribed_now(self) -> None:
        """Wait until somebody is subscribed."""
        while not any(client.subscriptions for client in self._clients):
            await asyncio.sleep(0.02)

    def freeze(self) -> None:
        """Do nothing at all, as a stopped process: no ping, no answer, no new handshake, until `thaw`."""
        self._thawed.clear()
        for client in self._clients:
            client.socket.transport.pause_reading()

    def thaw(self) -> None:
        """Go on where `freeze` stopped."""
        if not self._thawed.is_set():
            self._thawed.set()
            for client in self._clients:
                client.socket.transport.resume_reading()

    async def wait_for_actions(self, count: int) -> list[dict[str, Any]]:
        """The actions so far, as soon as there are `count` of them."""
        while len(self.actions) < count:
            self.acted.clear()
            await self.acted.wait()
        return self.actions

    # --- the protocol ------------------------------------------------------------------------------------------------

    async def _process_request(self, socket: ServerConnection, request: Request) -> Response | None:
        await self._thawed.wait()
        return handshake.look_at(socket, request)

    async def _serve_client(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.connected_at.append(time.monotonic())
        if self.options.hang_up:
            return
        client = Client(socket)
        tokens = parse_qs(urlsplit(socket.request.path).query).get("token", [])
        try:
            if not self._lets_in(tokens[-1] if tokens else ""):
                await self._refuse(client)
                return
            await self._send(client, {"type": "welcome"})
            self._clients.add(client)
            async for text in socket:
                await self._thawed.wait()
                self._carry_out(client, text)
        except ConnectionClosed:
            pass
        finally:
            self._clients.discard(client)
            self._refused.discard(client)

    def _lets_in(self, token: str) -> bool:
        if self.accounts is not None:
            return self.accounts.lets_in(token) or (bool(token) and token == self.options.token)
        return bool(token) and self.options.token in {None, token}

    async def _refuse(self, client: Client) -> None:
        # A refused client that never answers the close keeps its connection for long, as measured.
        client.socket.close_timeout = KEEP_REFUSED
        self._refused.add(client)
        if self.options.unauthorized == "4401":
            await client.socket.close(4401)
            return
        await self._send(client, {"type": "disconnect", "reason": "unauthorized", "reconnect": False})
        await client.socket.close(CloseCode.NORMAL_CLOSURE)

    def _carry_out(self, client: Client, text: str | bytes) -> None:
        """A command. Of whatever is wrong with it, nothing is said."""
        command = read_object(text) if isinstance(text, str) else {}
        identifier = command.get("identifier")
        if not isinstance(identifier, str):
            return
        match command.get("command"):
            case "subscribe" if read_object(identifier).get("channel") == "GatewayChannel":
                if identifier not in client.asked:
                    self._in_background(self._subscribe(client, identifier))
            case "unsubscribe":
                client.asked.discard(identifier)
                client.subscriptions.discard(identifier)
                client.left_at[identifier] = time.monotonic()
            case "message" if identifier in client.subscriptions:
                data = command.get("data")
                action = read_object(data) if isinstance(data, str) else {}
                if action.get("action") in ACTIONS:
                    self._in_background(self._act(client, identifier, action))

    async def _subscribe(self, client: Client, identifier: str) -> None:
        if self.options.reject:
            await self._send(client, {"identifier": identifier, "type": "reject_subscription"})
            return
        client.asked.add(identifier)
        hasty = time.monotonic() - client.left_at.get(identifier, -1e9) < self.options.reorder_within
        if hasty and self._random.random() < FORGOTTEN:
            return
        if self.options.confirm_after:
            await asyncio.sleep(self.options.confirm_after)
        client.subscriptions.add(identifier)
        await self._send(client, {"identifier": identifier, "type": "confirm_subscription"})
        self.subscribed.set()

    async def _act(self, client: Client, identifier: str, action: dict[str, Any]) -> None:
        if self.options.reorder_within:
            await asyncio.sleep(self._random.uniform(0, self.options.reorder_within))
        if self.options.action_error:
            error = {"error": self.options.action_error}
            nested = {"identifier": identifier, "message": error}
            await self._send(client, nested if self.options.nested_errors else error)
            return
        self.actions.append(action)
        self.acted.set()
        for told in self.channel.answers(action, self.delivered.get(str(action.get("message_id", ""))), self.options):
            await self.happen(told)

    async def _ping(self) -> None:
        """One timer for all connections, as in Rails: the first ping comes 0 to 3 s after the welcome."""
        while True:
            await asyncio.sleep(self.options.ping_every)
            for client in list(self._clients):
                await self._send(client, {"type": "ping", "message": int(time.time())})

    async def _send(self, client: Client, frame: Mapping[str, Any]) -> bool:
        await self._thawed.wait()
        try:
            await client.socket.send(encode(frame))
        except ConnectionClosed:
            self._clients.discard(client)
            return False
        return True

    def _subscriptions(self) -> Iterator[tuple[Client, str]]:
        return iter([(client, identifier) for client in self._clients for identifier in sorted(client.subscriptions)])

    def _drop_all(self) -> None:
        for client in [*self._clients, *self._refused]:
            client.socket.transport.abort()

    def _in_background(self, step: Any) -> None:
        task = asyncio.ensure_future(step)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
