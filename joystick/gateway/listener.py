"""The process that listens: it holds the lease, gets tokens, stores events, and sends what the bot says.

Each database step is one synchronous call on the database thread (`joystick.gateway.threads`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from django.db import DatabaseError, InterfaceError

from effects.chat import MAILBOX, NAMES_AND_LAST, NAMES_AND_MORE, Priority
from joystick.account.credentials import Credentials
from joystick.channel import catch_up, health, streams
from joystick.channel.health import LeaseLost
from joystick.gateway import batch_size
from joystick.gateway.client import Gateway
from joystick.gateway.lease import Lease
from joystick.gateway.outgoing.actions import Action, Listing
from joystick.gateway.outgoing.waiting import MIN_INTERVAL
from joystick.gateway.pulse import Pulse
from joystick.gateway.threads import DATABASE_ERRORS, Threads
from joystick.gateway.token_source import TokenSource
from joystick.inbox import receive
from joystick.protocol.events import ChatMessage, Event
from joystick.protocol.frames import ReceivedFrame
from pixelbot_site.kit import alive, live
from pixelbot_site.kit.channel_layer import ThreadHopLayer, redis_error, the_layer
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.phrases import Kind
from pixelbot_site.kit.plural import counted

log = logging.getLogger("joystick")

# Seconds between two reports of how the line is, and two looks at the settings of the chat.
REPORT_EVERY = 5.0
# Seconds for storing what was received when the bot is stopped. What is not stored is lost: Joystick replays nothing.
SHUTDOWN_SECONDS = 20.0
# Seconds for the answers and refunds that wait to be said when the bot is stopped, and for those on their way to us.
LAST_WORDS_SECONDS = 2.0
MAILBOX_SECONDS = 0.1


class Listener:
    """The bot's one connection to Joystick. `run` it as a task, once; cancel the task to end it."""

    def __init__(
        self,
        *,
        url: str,
        credentials: Credentials,
        holder: str = "embedded",
        chat_settings: Callable[[], dict[str, Any]] | None = None,
        look_after: Callable[[], None] | None = None,
        **options: Any,
    ) -> None:
        """Take our name among the listeners (`holder`), the gateway's `options`, a function that returns what
        `Gateway.set_chat` takes, asked again and again, and what to look after every other second while we listen.
        """
        self.gateway = Gateway(self, url=url, **options)
        self._read_chat_settings = chat_settings
        self._chat_settings: dict[str, Any] = {}
        self._look_after = look_after
        self._holder = holder
        self._events = batch_size.Waiting()
        self._in_hand: list[ReceivedFrame] = []
        self._storing: asyncio.Task[None] | None = None
        self._is_ending = False
        self._batch_size = batch_size.BatchSize()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._threads = Threads()
        self._lease = Lease(holder, self._threads)
        self._is_displaced = False
        self._tokens = TokenSource(credentials, self._threads, holder, self.report_state)
        self._catching_up: asyncio.Task[None] | None = None
        self._unsaid_stored = 0
        self.pulse = Pulse(lambda: self.gateway.is_connected)

    async def run(self) -> None:
        """Listen until cancelled; then release the lease, say the answers that wait, and store what was received.

        Raises LeaseLost when another listener took the lease.
        """
        with alive.part("listener", self.pulse.sign):
            self.pulse.begin()
            await self._lease.wait()
            self.pulse.is_listening = True
            await self._listen()

    async def _listen(self) -> None:
        await self._threads.db(health.open_gap_at_start)
        await self._threads.db(health.note_own_name, "")
        await self._apply_chat_settings()
        self.gateway.set_channel(await self._threads.db(streams.last_channel))
        line = asyncio.create_task(self.gateway.run())
        self._storing = asyncio.create_task(self._store_events())
        holding = asyncio.create_task(self._lease.keep())
        fresh = self._threads.look_after("the settings", live.read_oldest, every=live.READ_EVERY)
        steps = [self._collect_actions(), self._report(), fresh]
        if self._look_after is not None:
            steps.append(self._threads.look_after("the queue", self._look_after))
        helpers = [self._storing, holding, *map(asyncio.create_task, steps)]
        try:
            done, _ = await asyncio.wait([line, *helpers], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except asyncio.CancelledError:
            await _cancel_all(holding)
            await self._release()
            await self._say_last_words()
            raise
        except LeaseLost:
            self._is_displaced = True
            raise
        finally:
            await _cancel_all(line, holding)
            await self._store_rest()
            await _cancel_all(*helpers)
            if self._catching_up is not None:
                await _cancel_all(self._catching_up)
            self._threads.shut_down()

    async def _say_last_words(self) -> None:
        if not self.gateway.is_connected:
            return
        await asyncio.sleep(MAILBOX_SECONDS)
        outgoing = self.gateway.outgoing
        outgoing.keep_answers()
        until = time.monotonic() + LAST_WORDS_SECONDS
        while len(outgoing) and time.monotonic() < until:
            await asyncio.sleep(MIN_INTERVAL)

    async def _release(self) -> None:
        with suppress(*DATABASE_ERRORS):  # then it can't be released either, which is logged
            await self._threads.db(health.set_last_frame, self._holder, self.gateway.last_frame_at)
        await self._lease.release()

    async def _store_rest(self) -> None:
        if self._is_displaced:
            log.warning("left to the other listener: %s", self._rest())
            return
        try:
            async with asyncio.timeout(SHUTDOWN_SECONDS):
                await self._release()
                await self._all_stored()
                await self._store_unsaid()
                await self.report_state("off")
        except (TimeoutError, *DATABASE_ERRORS) as error:
            log.error("ended before %s could be stored: %s", self._rest(), error or "the database is too slow")

    async def _all_stored(self) -> None:
        assert self._storing is not None
        self._is_ending = True
        joined = asyncio.create_task(self._events.join())
        await asyncio.wait([joined, self._storing], return_when=asyncio.FIRST_COMPLETED)
        if self._storing.done():
            joined.cancel()
            self._storing.result()

    def _rest(self) -> str:
        # What of: 2 tipped, 1 new_message.
        rest = [*self._in_hand, *(self._events.get_nowait() for _ in range(self._events.qsize()))]
        kinds = Counter(received.event.kind if received.event else "unreadable" for received in rest)
        named = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        return counted(len(rest), "event") + (f" ({named})" if named else "")

    # --- the gateway's owner -----------------------------------------------------------------------------------------

    async def get_token(self) -> str:
        """Return the token to connect with; wait while there is none, or while a refused one is not due again."""
        return await self._tokens.get()

    async def handle_refusal(self, token: str, reason: str) -> bool:
        """Renew a refused token once, and report one that is refused again. Return whether to try again soon."""
        return await self._tokens.refuse(token, reason)

    async def accept(self, received: ReceivedFrame) -> None:
        """Queue a frame to be stored. Wait while a whole batch is queued, or of several channels, many.

        The socket is not read meanwhile: memory stays bounded, the rest waits in TCP's buffers, and what was read can
        still be stored when the bot is stopped.
        """
        await self._has_room.wait()
        await self._look_for_own_name(received.event)
        self._events.put_nowait(received)
        if received.event is not None:
            self._batch_size.hear(received.event.channel_id)
        if self._events.qsize() >= self._batch_size.room:
            self._has_room.clear()

    async def _look_for_own_name(self, event: Event | None) -> None:
        if not isinstance(event, ChatMessage) or event.is_bot:  # with its badge a bot is known, whatever its name
            return
        if self.gateway.echoes.show_another_name(event.username, event.text):
            await self._threads.db(health.note_own_name, event.username)

    async def report_state(self, state: str, detail: str = "") -> None:
        """Store the state of the connection, and open or close a gap."""
        if state == "waiting":
            self._tokens.note_lost()
        try:
            await self._threads.db(health.set_last_frame, self._holder, self.gateway.last_frame_at)
            if state in {"waiting", "refused"}:
                await self._threads.db(health.open_gap, self._holder, detail, self.gateway.last_frame_at)
            await self._threads.db(health.set_state, self._holder, state, detail)
            if state == "connected":
                self._tokens.note_connected()
                await self._threads.db(health.close_gap)
                self._catching_up = asyncio.create_task(self._catch_up())
        except DATABASE_ERRORS as error:
            log.warning("could not store the connection's state: %s", error)

    # --- helper tasks ------------------------------------------------------------------------------------------------

    async def _catch_up(self) -> None:
        # That Joystick replays what was missed is not documented, so ask it whether the channel is live now.
        try:
            await self._threads.ask_platform(catch_up.catch_up)
        except (Failed, DatabaseError, InterfaceError) as error:
            log.warning("whether the channel is live could not be asked: %s", error)

    async def _store_events(self) -> None:
        while True:
            batch = [await self._events.get()]
            while len(batch) < self._batch_size.size and not self._events.empty():
                batch.append(self._events.get_nowait())
            self._has_room.set()
            self._in_hand = batch
            self.pulse.take()
            while True:  # until the database takes it: no event is dropped because of a lock or a full disk
                began = time.monotonic()
                try:
                    await self._threads.db(receive.receive, batch, check=self._lease.check)
                    self._batch_size.record(len(batch), time.monotonic() - began)
                    break
                except DATABASE_ERRORS as error:
                    if self._is_ending and "locked" not in str(error):
                        raise  # a database that is gone is not waited for at the end
                    log.error("the database does not take %s, trying again: %s", counted(len(batch), "event"), error)
                    await asyncio.sleep(1)
            self._in_hand = []
            self.pulse.store()
            for _ in batch:
                self._events.task_done()

    async def _collect_actions(self) -> None:
        # The other end of `effects.chat`: messages from any process of the bot arrive in this mailbox.
        layer = the_layer()
        if isinstance(layer, ThreadHopLayer):  # at once: through a queue, each answer would wait for one turn more
            layer.listen(MAILBOX, "chat.action", self._take_action)
            try:
                await asyncio.get_running_loop().create_future()  # until cancelled
            finally:
                layer.unlisten(MAILBOX, "chat.action", self._take_action)
        mailbox = await _opened_mailbox(layer)
        while True:
            await self._enqueue(await layer.receive(mailbox))

    def _take_action(self, message: dict[str, Any]) -> Coroutine[Any, Any, None] | None:
        if not self._lease.is_certain:
            return self._enqueue(message)
        self.gateway.enqueue(_action(message))
        return None

    async def _enqueue(self, message: dict[str, Any]) -> None:
        if not await self._lease.is_taken():  # else the other listener says it
            self.gateway.enqueue(_action(message))

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_EVERY)
            try:
                await self._threads.db(health.set_last_frame, self._holder, self.gateway.last_frame_at)
                await self._store_unsaid()
                await self._apply_chat_settings()
                # The streamer pressed Disconnect, or connected another channel.
                if await self._tokens.is_changed():
                    await self.gateway.close_session("the channel was disconnected, or another one connected")
            except DATABASE_ERRORS as error:
                log.warning("could not report how the line is: %s", error)

    async def _apply_chat_settings(self) -> None:
        if self._read_chat_settings is None:
            return
        present = await self._threads.db(self._read_chat_settings)
        if present != self._chat_settings:  # a new pace begins with a burst, so it is set where it changes
            self._chat_settings = present
            self.gateway.set_chat(**present)

    async def _store_unsaid(self) -> None:
        unsaid = self.gateway.outgoing.unsaid
        if unsaid > self._unsaid_stored:
            await self._threads.db(health.add_unsaid, self._holder, unsaid - self._unsaid_stored)
            self._unsaid_stored = unsaid


async def _opened_mailbox(layer: Any) -> str:
    """Return the channel that gets what other processes say. While Redis is away, it is tried again each second."""
    while True:
        try:
            mailbox: str = await layer.new_channel()
            await layer.group_add(MAILBOX, mailbox)
        except (OSError, redis_error()) as error:
            log.warning("Redis is away, so that nothing of other processes is said in chat: %s", error)
            await asyncio.sleep(1)
        else:
            return mailbox


def _action(message: dict[str, Any]) -> Action:
    return Action(
        message["action"],
        message["words"],
        channel_id=message.get("channel_id", ""),
        at=message.get("at", time.time()),
        # In a larger set-up, a process from before an update names none.
        priority=message.get("priority", Priority.ANSWER),
        kind=message.get("kind", Kind.ANSWER),
        worth=message.get("worth", 0),
        template=message.get("template", ""),
        filling=message.get("filling", {}),
        event=message.get("event", ""),
        event_at=message.get("event_at", 0.0),
    )


async def _cancel_all(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def listing() -> Listing:
    """Return how several names are said in one line."""
    return Listing(NAMES_AND_LAST(), NAMES_AND_MORE())
