"""The process that listens: it holds the lease, gets tokens, stores events, and sends what the bot says.

Each database step is one synchronous call on the database thread. Calls that wait for the platform run on a second
thread, so that a slow answer does not keep events from being stored.
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
from joystick.gateway import batch_size, client, health
from joystick.gateway.client import Gateway
from joystick.gateway.outgoing import Action
from joystick.gateway.session import SessionLost
from joystick.inbox import receive
from joystick.protocol.events import ChatMessage, Event
from joystick.protocol.received import ReceivedFrame
from pixelbot_site.kit.channel_layer import the_layer
from pixelbot_site.kit.errors import Failed

log = logging.getLogger("joystick")

P = ParamSpec("P")
T = TypeVar("T")

# Seconds between two renewals of the lease, which lasts `health.LEASE`.
RENEW_EVERY = 5.0
# Seconds between two looks for a token while there is none.
POLL_TOKEN_EVERY = 2.0
# Seconds for storing what was received when the bot is stopped.
SHUTDOWN_SECONDS = 1.0
# What the database raises when it is away or busy; the same step may be tried again.
DATABASE_ERRORS = (OperationalError, InterfaceError)


class Listener:
    """The bot's one connection to Joystick. `run` it as a task, once; cancel the task to end it."""

    def __init__(
        self,
        *,
        url: str,
        credentials: Credentials,
        holder: str = "embedded",
        **options: Any,
    ) -> None:
        """Take our name among the listeners (`holder`) and the gateway's `options`."""
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
        """Listen until cancelled; then store what was received and release the lease.

        Raises SessionLost when another listener took the lease.
        """
        await self._wait_for_lease()
        await self._db(health.open_gap_at_start)
        await self._db(health.note_own_name, "")
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
            await _cancel_all(*helpers)
            if self._catching_up is not None:
                await _cancel_all(self._catching_up)
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

    # --- the gateway's owner -----------------------------------------------------------------------------------------

    async def get_token(self) -> str:
        """Return the token to connect with. Wait while there is none but the one that was refused."""
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
        """Renew the token once. Refused again before a session has settled, wait for a new one and report it."""
        self._note_session_end()
        if not self._token_renewed:
            try:
                if await self._ask_platform(self._credentials.renew, token):
                    self._token_renewed = True
                    return
            except RenewalPostponed as error:
                log.warning("%s", error)
                # The same token will be refused again, with longer and longer pauses, until the platform answers.
                return
            except Failed as error:
                reason = f"{reason}; {error}"
        self._refused_token, self._token_renewed = token, False
        log.error("Joystick refuses the bot: %s. Check the credentials, or connect the channel again.", reason)
        await self.report_state("refused", reason)

    def _note_session_end(self) -> None:
        # After a session that settled, the token may be renewed once more: it simply ran out.
        if self._connected_at is not None and time.monotonic() - self._connected_at > client.SETTLED_AFTER:
            self._token_renewed = False
        self._connected_at = None

    async def accept(self, received: ReceivedFrame) -> None:
        """Queue a frame to be stored. Wait while a whole batch is queued.

        The socket is not read meanwhile: memory stays bounded, the rest waits in TCP's buffers, and what was read can
        still be stored when the bot is stopped.
        """
        await self._has_room.wait()
        await self._look_for_own_name(received.event)
        self._events.put_nowait(received)
        if self._events.qsize() >= self._batch_size.size:
            self._has_room.clear()

    async def _look_for_own_name(self, event: Event | None) -> None:
        if not isinstance(event, ChatMessage) or event.is_bot:  # with its badge a bot is known, whatever its name
            return
        if self.gateway.echoes.show_another_name(event.username, event.text):
            await self._db(health.note_own_name, event.username)

    async def report_state(self, state: str, detail: str = "") -> None:
        """Store the state of the connection, and open or close a gap. A refusal stays until the next attempt."""
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

    # --- helper tasks ------------------------------------------------------------------------------------------------

    async def _catch_up(self) -> None:
        # That Joystick replays what was missed is not documented, so ask it whether the channel is live now.
        try:
            await self._ask_platform(catch_up.catch_up)
        except (Failed, DatabaseError, InterfaceError) as error:
            log.warning("whether the channel is live could not be asked: %s", error)

    async def _store_events(self) -> None:
        while True:
            batch = [await self._events.get()]
            while len(batch) < self._batch_size.size and not self._events.empty():
                batch.append(self._events.get_nowait())
            self._has_room.set()
            while True:  # until the database takes it: no event is dropped because of a lock or a full disk
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
        # The other end of `effects.chat`: messages from any process of the bot arrive in this mailbox.
        layer = the_layer()
        mailbox = await layer.new_channel()
        await layer.group_add(MAILBOX, mailbox)
        while True:
            message = await layer.receive(mailbox)
            action = Action(
                message["action"],
                message["words"],
                channel_id=message.get("channel_id", ""),
                at=message.get("at", time.time()),
            )
            self.gateway.enqueue(action)

    async def _hold_lease(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                held = await self._db(health.take_lease, self._holder)
                await self._db(health.set_last_frame, self._holder, self.gateway.last_frame_at)
                # The streamer pressed Disconnect, or connected another channel.
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
    # The thread's connection stays open between steps. A broken one is closed, so that Django makes a new one.
    try:
        return step()
    except DATABASE_ERRORS:
        connection.close()
        raise
