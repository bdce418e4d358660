"""Between the gateway and the database: the lease on the line, the tokens, the events to store, the mailbox to empty.

Each database step is one synchronous call on a thread of its own; what waits for the platform has another thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from effects.chat import MAILBOX
from joystick.account.credentials import Credentials
from joystick.account.tokens import RenewalPostponed
from joystick.channel import catch_up, streams
from joystick.gateway import batch_size, client
from joystick.gateway import health as line_state
from joystick.gateway.client import Gateway
from joystick.gateway.outgoing import Action
from joystick.gateway.session import SessionLost
from joystick.inbox import receive
from joystick.protocol.received import Received
from pixelbot_site.kit.channel_layer import the_layer
from pixelbot_site.kit.errors import Failed

log = logging.getLogger("joystick")

P = ParamSpec("P")
T = TypeVar("T")

RENEW_EVERY = 5.0
LOOK_FOR_TOKEN_EVERY = 2.0
LET_GO_WITHIN = 1.0
TROUBLE = (OperationalError, InterfaceError)


class Listener:
    """The bot's one line to Joystick: `run` it as a task, once; cancel the task to end it."""

    def __init__(
        self,
        *,
        url: str,
        credentials: Credentials,
        holder: str = "embedded",
        **options: Any,
    ) -> None:
        """`holder` is who we are among listeners; `options` are the gateway's."""
        self.gateway = Gateway(self, url=url, **options)
        self._credentials = credentials
        self._holder = holder
        self._events: asyncio.Queue[Received] = asyncio.Queue()
        self._pace = batch_size.BatchSize()
        self._room = asyncio.Event()
        self._room.set()
        self._refused = ""
        self._renewed = False
        self._missing = ""
        self._checked = False
        self._whose: str | None = None
        self._connected_at: float | None = None
        self._database = ThreadPoolExecutor(1, thread_name_prefix="inbox")
        self._platform = ThreadPoolExecutor(1, thread_name_prefix="platform")
        self._catching_up: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Hold the line until cancelled. At the end what was received is stored, and another listener may have it."""
        await self._wait_for_the_line()
        await self._db(line_state.open_gap_at_start)
        self.gateway.learn_channel(await self._db(streams.last_channel))
        line = asyncio.create_task(self.gateway.run())
        helpers = [asyncio.create_task(step) for step in (self._store(), self._collect(), self._watch())]
        try:
            done, _ = await asyncio.wait([line, *helpers], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await _cancelled(line)
            await self.report("off")
            await self._let_go()
            await _cancelled(*helpers, *([self._catching_up] if self._catching_up else []))
            for thread in (self._database, self._platform):
                thread.submit(connection.close)
                thread.shutdown(wait=False)

    async def _wait_for_the_line(self) -> None:
        if await self._db(line_state.take_lease, self._holder):
            return
        log.info("another listener holds the line; standing by")
        while not await self._db(line_state.take_lease, self._holder):
            await asyncio.sleep(RENEW_EVERY)

    async def _check_tokens(self) -> None:
        try:
            await self._ask_platform(self._credentials.check)
        except TROUBLE as error:
            log.warning("the tokens could not be checked: %s", error)

    async def _let_go(self) -> None:
        try:
            async with asyncio.timeout(LET_GO_WITHIN):
                await self._events.join()
                await self._db(line_state.release_lease, self._holder)
        except (TimeoutError, *TROUBLE) as error:
            log.error("ended with %d events not stored: %s", self._events.qsize(), error or "the database is too slow")

    # --- what the gateway asks for -----------------------------------------------------------------------------------

    async def token(self) -> str:
        """The token to come with. One that was refused is not tried again: we wait for another."""
        if not self._checked:
            self._checked = True
            await self._check_tokens()
        while True:
            self._whose = await self._db(self._credentials.whose)
            token = await self._ask_platform(self._credentials.token)
            if token is not None and token != self._refused:
                self._missing = ""
                return token
            missing = "no channel is connected" if self._whose is None else "the tokens can't be renewed at the moment"
            if token is None and missing != self._missing:
                self._missing = missing
                log.warning("%s", missing)
                await self.report("off" if self._whose is None else "waiting", missing)
            await asyncio.sleep(LOOK_FOR_TOKEN_EVERY)

    async def refused(self, token: str, reason: str) -> None:
        """Renew the token once; refused again before a session has lived for a while, we stop and say so."""
        self._note_the_end()
        if not self._renewed:
            try:
                if await self._ask_platform(self._credentials.renew, token):
                    self._renewed = True
                    return
            except RenewalPostponed as error:
                log.warning("%s", error)
                return  # the same token is refused again, with longer and longer pauses, until the platform answers
            except Failed as error:
                reason = f"{reason}; {error}"
        self._refused, self._renewed = token, False
        log.error("Joystick refuses the bot: %s. Check the credentials, or connect the channel again.", reason)
        await self.report("refused", reason)

    def _note_the_end(self) -> None:
        """A session that lived for a while makes an earlier renewal history."""
        if self._connected_at is not None and time.monotonic() - self._connected_at > client.SETTLED_AFTER:
            self._renewed = False
        self._connected_at = None

    async def keep(self, received: Received) -> None:
        """Take an event, to be stored. While a whole batch waits, the socket is not read: memory stays bounded, the
        rest waits in TCP, and what was read can still be stored when the bot is told to end.
        """
        await self._room.wait()
        self._events.put_nowait(received)
        if self._events.qsize() >= self._pace.size:
            self._room.clear()

    async def report(self, state: str, detail: str = "") -> None:
        """Store how the line is. A refusal stays shown until there is something new."""
        if state == "waiting" and self._refused:
            return
        if state in {"connecting", "connected"}:
            self._refused = ""
        if state == "waiting":
            self._note_the_end()
        try:
            await self._db(line_state.set_last_frame, self._holder, self.gateway.heard_at)
            if state in {"waiting", "refused"}:
                await self._db(line_state.open_gap, self._holder, detail, self.gateway.heard_at)
            await self._db(line_state.set_state, self._holder, state, detail)
            if state == "connected":
                self._connected_at = time.monotonic()
                await self._db(line_state.close_gap)
                self._catching_up = asyncio.create_task(self._catch_up())
        except TROUBLE as error:
            log.warning("could not store the connection's state: %s", error)

    # --- beside the socket -------------------------------------------------------------------------------------------

    async def _catch_up(self) -> None:
        """The platform replays nothing: ask it whether the channel is live now."""
        try:
            await self._ask_platform(catch_up.catch_up)
        except (Failed, DatabaseError, InterfaceError) as error:
            log.warning("whether the channel is live could not be asked: %s", error)

    async def _store(self) -> None:
        """Hand events to the inbox: under load, many at once. Until the database takes them, nothing is let go."""
        while True:
            batch = [await self._events.get()]
            while len(batch) < self._pace.size and not self._events.empty():
                batch.append(self._events.get_nowait())
            self._room.set()
            while True:
                began = time.monotonic()
                try:
                    await self._db(receive.receive, batch)
                    self._pace.took(len(batch), time.monotonic() - began)
                    break
                except TROUBLE as error:
                    log.error("the database does not take %d events, trying again: %s", len(batch), error)
                    await asyncio.sleep(1)
            for _ in batch:
                self._events.task_done()

    async def _collect(self) -> None:
        """Empty the mailbox that the rest of the bot drops what it wants said or done into."""
        layer = the_layer()
        mailbox = await layer.new_channel()
        await layer.group_add(MAILBOX, mailbox)
        while True:
            message = await layer.receive(mailbox)
            self.gateway.do(
                Action(
                    message["action"], message["words"], message.get("channel_id", ""), message.get("at", time.time())
                )
            )

    async def _watch(self) -> None:
        """Renew the lease, store when the last frame came, and hang up when the channel was disconnected."""
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                held = await self._db(line_state.take_lease, self._holder)
                await self._db(line_state.set_last_frame, self._holder, self.gateway.heard_at)
                if await self._db(self._credentials.whose) != self._whose:
                    await self.gateway.hang_up("the channel was disconnected, or another one connected")
            except TROUBLE as error:
                log.warning("could not renew the lease: %s", error)
                continue
            if not held:
                raise SessionLost("another listener took the line")

    async def _db(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await _on(self._database, partial(step, *args, **kwargs))

    async def _ask_platform(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await _on(self._platform, partial(step, *args, **kwargs))


async def _on(thread: ThreadPoolExecutor, step: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, partial(_with_connection, step))


async def _cancelled(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _with_connection(step: Callable[[], T]) -> T:
    """Run `step` on the thread's own database connection, which stays open; a broken one is closed, to be made anew."""
    try:
        return step()
    except TROUBLE:
        connection.close()
        raise
