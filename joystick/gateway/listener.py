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
from joystick.account.tokens import Later
from joystick.channel import catch_up, streams
from joystick.gateway import batch_size, client, health
from joystick.gateway.client import Gateway
from joystick.gateway.outgoing import Action
from joystick.gateway.session import SessionLost
from joystick.inbox import receive
from joystick.protocol.received import ReceivedFrame
from pixelbot_site.kit.channel_layer import the_layer
from pixelbot_site.kit.errors import Failed

log = logging.getLogger("joystick")

P = ParamSpec("P")
T = TypeVar("T")

RENEW_EVERY = 5.0
POLL_TOKEN_EVERY = 2.0
SHUTDOWN_SECONDS = 1.0
DATABASE_ERRORS = (OperationalError, InterfaceError)


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
        self._events: asyncio.Queue[ReceivedFrame] = asyncio.Queue()
        self._batch_size = batch_size.BatchSize()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._refused_token = ""
        self._token_renewed = False
        self._missing_reason = ""
        self._tokens_checked = False
        self._token_owner: str | None = None
        self._connected_at: float | None = None
        self._database = ThreadPoolExecutor(1, thread_name_prefix="inbox")
        self._platform = ThreadPoolExecutor(1, thread_name_prefix="platform")
        self._catching_up: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Hold the line until cancelled. At the end what was received is stored, and another listener may have it."""
        await self._wait_for_lease()
        await self._db(health.open_gap_at_start)
        self.gateway.set_channel(await self._db(streams.last_channel))
        line = asyncio.create_task(self.gateway.run())
        helpers = [
            asyncio.create_task(step) for step in (self._store_events(), self._collect_actions(), self._hold_lease())
        ]
        try:
            done, _ = await asyncio.wait([line, *helpers], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await _cancel_all(line)
            await self.report_state("off")
            await self._store_rest_and_release()
            await _cancel_all(*helpers, *([self._catching_up] if self._catching_up else []))
            for thread in (self._database, self._platform):
                thread.submit(connection.close)
                thread.shutdown(wait=False)

    async def _wait_for_lease(self) -> None:
        if await self._db(health.take_lease, self._holder):
            return
        log.info("another listener holds the line; standing by")
        while not await self._db(health.take_lease, self._holder):
            await asyncio.sleep(RENEW_EVERY)

    async def _check_tokens(self) -> None:
        try:
            await self._ask_platform(self._credentials.check)
        except DATABASE_ERRORS as error:
            log.warning("the tokens could not be checked: %s", error)

    async def _store_rest_and_release(self) -> None:
        try:
            async with asyncio.timeout(SHUTDOWN_SECONDS):
                await self._events.join()
                await self._db(health.release_lease, self._holder)
        except (TimeoutError, *DATABASE_ERRORS) as error:
            log.error("ended with %d events not stored: %s", self._events.qsize(), error or "the database is too slow")

    # --- what the gateway asks for -----------------------------------------------------------------------------------

    async def get_token(self) -> str:
        """The token to come with. One that was refused is not tried again: we wait for another."""
        if not self._tokens_checked:
            self._tokens_checked = True
            await self._check_tokens()
        while True:
            self._token_owner = await self._db(self._credentials.whose)
            token = await self._ask_platform(self._credentials.token)
            if token is not None and token != self._refused_token:
                self._missing_reason = ""
                return token
            missing = (
                "no channel is connected" if self._token_owner is None else "the tokens can't be renewed at the moment"
            )
            if token is None and missing != self._missing_reason:
                self._missing_reason = missing
                log.warning("%s", missing)
                await self.report_state("off" if self._token_owner is None else "waiting", missing)
            await asyncio.sleep(POLL_TOKEN_EVERY)

    async def handle_refusal(self, token: str, reason: str) -> None:
        """Renew the token once; refused again before a session has lived for a while, we stop and say so."""
        self._note_session_end()
        if not self._token_renewed:
            try:
                if await self._ask_platform(self._credentials.renew, token):
                    self._token_renewed = True
                    return
            except Later as error:
                log.warning("%s", error)
                return  # the same token is refused again, with longer and longer pauses, until the platform answers
            except Failed as error:
                reason = f"{reason}; {error}"
        self._refused_token, self._token_renewed = token, False
        log.error("Joystick refuses the bot: %s. Check the credentials, or connect the channel again.", reason)
        await self.report_state("refused", reason)

    def _note_session_end(self) -> None:
        """A session that lived for a while makes an earlier renewal history."""
        if self._connected_at is not None and time.monotonic() - self._connected_at > client.SETTLED_AFTER:
            self._token_renewed = False
        self._connected_at = None

    async def accept(self, received: ReceivedFrame) -> None:
        """Take an event, to be stored. While a whole batch waits, the socket is not read: memory stays bounded, the
        rest waits in TCP, and what was read can still be stored when the bot is told to end.
        """
        await self._has_room.wait()
        self._events.put_nowait(received)
        if self._events.qsize() >= self._batch_size.size:
            self._has_room.clear()

    async def report_state(self, state: str, detail: str = "") -> None:
        """Store how the line is. A refusal stays shown until there is something new."""
        if state == "waiting" and self._refused_token:
            return
        if state in {"connecting", "connected"}:
            self._refused_token = ""
        if state == "waiting":
            self._note_session_end()
        try:
            await self._db(health.set_last_frame, self._holder, self.gateway.last_frame_at)
            if state in {"waiting", "refused"}:
                await self._db(health.open_gap, self._holder, detail, self.gateway.last_frame_at)
            await self._db(health.set_state, self._holder, state, detail)
            if state == "connected":
                self._connected_at = time.monotonic()
                await self._db(health.close_gap)
                self._catching_up = asyncio.create_task(self._catch_up())
        except DATABASE_ERRORS as error:
            log.warning("could not store the connection's state: %s", error)

    # --- beside the socket -------------------------------------------------------------------------------------------

    async def _catch_up(self) -> None:
        """The platform replays nothing: ask it whether the channel is live now."""
        try:
            await self._ask_platform(catch_up.catch_up)
        except (Failed, DatabaseError, InterfaceError) as error:
            log.warning("whether the channel is live could not be asked: %s", error)

    async def _store_events(self) -> None:
        """Hand events to the inbox: under load, many at once. Until the database takes them, nothing is let go."""
        while True:
            batch = [await self._events.get()]
            while len(batch) < self._batch_size.size and not self._events.empty():
                batch.append(self._events.get_nowait())
            self._has_room.set()
            while True:
                began = time.monotonic()
                try:
                    await self._db(receive.receive, batch)
                    self._batch_size.record(len(batch), time.monotonic() - began)
                    break
                except DATABASE_ERRORS as error:
                    log.error("the database does not take %d events, trying again: %s", len(batch), error)
                    await asyncio.sleep(1)
            for _ in batch:
                self._events.task_done()

    async def _collect_actions(self) -> None:
        """Empty the mailbox that the rest of the bot drops what it wants said or done into."""
        layer = the_layer()
        mailbox = await layer.new_channel()
        await layer.group_add(MAILBOX, mailbox)
        while True:
            message = await layer.receive(mailbox)
            self.gateway.enqueue(
                Action(
                    message["action"], message["words"], message.get("channel_id", ""), message.get("at", time.time())
                )
            )

    async def _hold_lease(self) -> None:
        """Renew the lease, store when the last frame came, and hang up when the channel was disconnected."""
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                held = await self._db(health.take_lease, self._holder)
                await self._db(health.set_last_frame, self._holder, self.gateway.last_frame_at)
                if await self._db(self._credentials.whose) != self._token_owner:
                    await self.gateway.close_session("the channel was disconnected, or another one connected")
            except DATABASE_ERRORS as error:
                log.warning("could not renew the lease: %s", error)
                continue
            if not held:
                raise SessionLost("another listener took the line")

    async def _db(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await _run_on(self._database, partial(step, *args, **kwargs))

    async def _ask_platform(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await _run_on(self._platform, partial(step, *args, **kwargs))


async def _run_on(thread: ThreadPoolExecutor, step: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, partial(_with_connection, step))


async def _cancel_all(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _with_connection(step: Callable[[], T]) -> T:
    """Run `step` on the thread's own database connection, which stays open; a broken one is closed, to be made anew."""
    try:
        return step()
    except DATABASE_ERRORS:
        connection.close()
        raise
