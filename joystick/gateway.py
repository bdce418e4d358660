"""The client of Joystick's gateway: one Action Cable socket, events in, lines out.

It decodes nothing but the protocol, and does all database work in one synchronous call (`inbox.receive`) on a thread
of its own. What a real Action Cable server does, and does not, shapes much of it: no mistake is ever answered, close
code 1000 means nothing, and nothing keeps order between actions sent within milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar
from urllib.parse import quote, urlsplit

from django.db import InterfaceError, OperationalError, connection
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from effects.chat import MAILBOX
from joystick import connection as line_state
from joystick import inbox
from joystick.outgoing import Line, Outgoing
from joystick.session import Lost, Refused, Session
from pixelbot_site.kit.layers import the_layer

log = logging.getLogger("joystick")

P = ParamSpec("P")
T = TypeVar("T")

SUBPROTOCOL = Subprotocol("actioncable-v1-json")
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
SETTLED_AFTER = 30.0
"""A session that lived so long makes the next pause short again. A server that accepts and closes is not hammered."""
RENEW_EVERY = 5.0
LET_GO_WITHIN = 1.0
BATCH = 200
UNAUTHORIZED = 4401
LARGEST_FRAME = 8 * 2**20


class Gateway:
    """The bot's one line to Joystick: `run` it as a task, once; cancel the task to end it."""

    def __init__(
        self, *, url: str, token: str, version: str = "v2", rate_limit: float = 1.0, holder: str = "embedded"
    ) -> None:
        """`url`: ws(s)://…/cable; `rate_limit`: seconds between two lines; `holder`: who we are among listeners."""
        self._url = f"{url}{'&' if '?' in url else '?'}token={quote(token, safe='')}"
        self._on_loopback = urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
        self._version = version
        self._rate_limit = rate_limit
        self._holder = holder
        identifier = {"channel": "GatewayChannel"} | ({"event_version": "v2"} if version == "v2" else {})
        # The server knows a subscription by this very string, so it is made once and sent everywhere.
        self.identifier = json.dumps(identifier, separators=(",", ":"))
        self._events: asyncio.Queue[inbox.Received] = asyncio.Queue(maxsize=2000)
        self._outgoing = Outgoing()
        self._channel_id = ""
        self._channel_known = asyncio.Event()
        self.heard_at = time.monotonic()
        self._database = ThreadPoolExecutor(1, thread_name_prefix="inbox")

    async def run(self) -> None:
        """Hold the line until cancelled, or until the gateway refuses us for good.

        At the end what was received is stored, and another listener may have the line.
        """
        await self._wait_for_the_line()
        self._learn_channel(await self._db(line_state.last_channel))
        session = asyncio.create_task(self._stay_connected())
        helpers = [asyncio.create_task(step) for step in (self._store(), self._collect(), self._renew())]
        try:
            done, _ = await asyncio.wait([session, *helpers], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            if not session.done():
                await _cancelled(session)
                await self._report("off")  # a session that ended by itself has said why
            await self._let_go()
            await _cancelled(*helpers)
            self._database.submit(connection.close)
            self._database.shutdown(wait=False)

    async def _wait_for_the_line(self) -> None:
        if await self._db(line_state.hold, self._holder):
            return
        log.info("another listener holds the line; standing by")
        while not await self._db(line_state.hold, self._holder):
            await asyncio.sleep(RENEW_EVERY)

    async def _let_go(self) -> None:
        try:
            async with asyncio.timeout(LET_GO_WITHIN):
                await self._events.join()
                await self._db(line_state.release, self._holder)
        except (TimeoutError, OperationalError, InterfaceError) as error:
            log.error("ended with %d events not stored: %s", self._events.qsize(), error or "the database is too slow")

    # --- the socket --------------------------------------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            await self._report("connecting")
            try:
                await self._connect_once()
            except Refused as error:
                log.error("Joystick refuses the bot: %s. Check the credentials, then start it again.", error)
                await self._report("refused", str(error))
                return
            except (Lost, ConnectionClosed, InvalidHandshake, OSError, TimeoutError) as error:
                failures = 0 if time.monotonic() - began > SETTLED_AFTER else failures + 1
                pause = min(FIRST_PAUSE * 2 ** max(failures - 1, 0), LONGEST_PAUSE) * random.uniform(0.75, 1.0)
                reason = str(error) or type(error).__name__
                log.warning("connection lost (%s); next try in %.1f s", reason, pause)
                await self._report("waiting", reason)
                await asyncio.sleep(pause)

    async def _connect_once(self) -> None:
        async with connect(
            self._url,
            subprotocols=[SUBPROTOCOL],
            compression=None,
            ping_interval=None,  # the server's own ping, every 3 s, is the sign of life
            open_timeout=10,
            close_timeout=1,
            max_size=LARGEST_FRAME,
            proxy=None if self._on_loopback else True,
        ) as socket:
            session = Session(socket, self.identifier)
            speaking: asyncio.Task[None] | None = None
            try:
                while True:
                    received = await session.next()
                    self.heard_at = time.monotonic()
                    if received is not None:
                        await self._keep(received)
                    if session.confirmed and speaking is None:
                        log.info("connected")
                        await self._report("connected")
                        speaking = asyncio.create_task(self._speak(socket))
            except ConnectionClosed as error:
                if error.rcvd is not None and error.rcvd.code == UNAUTHORIZED:
                    raise Refused("unauthorized (4401)") from error
                raise
            finally:
                if speaking is not None:
                    await _cancelled(speaking)

    async def _keep(self, received: inbox.Received) -> None:
        if received.event is not None:
            self._learn_channel(received.event.channel_id)
        await self._events.put(received)

    def _learn_channel(self, channel_id: str) -> None:
        if channel_id:
            self._channel_id = channel_id
            self._channel_known.set()

    async def _speak(self, socket: ClientConnection) -> None:
        """Say the waiting lines, one at a time: the server does not keep the order of those sent close together."""
        while True:
            line = await self._outgoing.first()
            channel_id = line.channel_id or self._channel_id
            if not channel_id:
                await self._channel_known.wait()  # then look again: the line may have become too old
                continue
            await socket.send(json.dumps(self._action("send_message", channel_id, text=line.text)))
            log.info("said: %s", line.text)
            self._outgoing.done(line)
            await asyncio.sleep(self._rate_limit)

    def _action(self, action: str, channel_id: str, **words: str) -> dict[str, str]:
        key = "channelId" if self._version == "v1" else "channel_id"
        data = json.dumps({"action": action, **words, key: channel_id})
        return {"command": "message", "identifier": self.identifier, "data": data}

    # --- beside the socket -------------------------------------------------------------------------------------------

    async def _store(self) -> None:
        """Hand events to the inbox: under load, many at once. Until the database takes them, nothing is let go."""
        while True:
            batch = [await self._events.get()]
            while len(batch) < BATCH and not self._events.empty():
                batch.append(self._events.get_nowait())
            while True:
                try:
                    await self._db(inbox.receive, batch)
                    break
                except (OperationalError, InterfaceError) as error:
                    log.error("the database does not take %d events, trying again: %s", len(batch), error)
                    await asyncio.sleep(1)
            for _ in batch:
                self._events.task_done()

    async def _collect(self) -> None:
        """Empty the mailbox that the rest of the bot drops its lines into."""
        layer = the_layer()
        mailbox = await layer.new_channel()
        await layer.group_add(MAILBOX, mailbox)
        while True:
            message = await layer.receive(mailbox)
            text = " ".join(str(message["text"]).split())
            if text:
                self._outgoing.put(Line(text, message.get("channel_id", ""), message.get("at", time.time())))

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            silence = time.monotonic() - self.heard_at
            try:
                held = await self._db(line_state.hold, self._holder)
                await self._db(line_state.heard, silence)
            except (OperationalError, InterfaceError) as error:
                log.warning("could not renew the lease: %s", error)
                continue
            if not held:
                raise Lost("another listener took the line")

    async def _report(self, state: str, detail: str = "") -> None:
        try:
            await self._db(line_state.report, state, detail)
        except (OperationalError, InterfaceError) as error:
            log.warning("could not store the connection's state: %s", error)

    async def _db(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        call = partial(_with_connection, partial(step, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._database, call)


async def _cancelled(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _with_connection(step: Callable[[], T]) -> T:
    """Run `step` on the thread's own database connection, which stays open; a broken one is closed, to be made anew."""
    try:
        return step()
    except (OperationalError, InterfaceError):
        connection.close()
        raise
