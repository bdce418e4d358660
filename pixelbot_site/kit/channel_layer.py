"""Sending to a channel layer's groups from synchronous code, and an in-memory layer that works across threads."""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from copy import deepcopy
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

log = logging.getLogger("layers")

# What it returns is run as a task; None: it is done.
Listener = Callable[[dict[str, Any]], Coroutine[Any, Any, None] | None]


class ThreadHopLayer(InMemoryChannelLayer):
    """The in-memory layer of one process, usable from every thread.

    The stock layer's queues belong to one event loop; a message put from another thread does not wake that loop and
    waits for its next timer (measured: up to a second). Here every call hops to the loop that owns the queues.
    """

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self._owner: asyncio.AbstractEventLoop | None = None
        self._listeners: dict[tuple[str, str], Listener] = {}
        self._running: set[asyncio.Task[None]] = set()
        self.dropped = 0

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop in which messages are received."""
        self._owner = loop

    def listen(self, group: str, kind: str, listener: Listener) -> None:
        """Call `listener` once with each message of type `kind` to `group`, instead of telling the group's members.

        For what all of them do alike: a message in the queue of each costs a fifth of a millisecond for each. The loop
        that listens first becomes the owner.
        """
        self._own()
        self._listeners[group, kind] = listener

    def unlisten(self, group: str, kind: str, listener: Listener) -> None:
        """Call `listener` no more, unless another one has taken its place already."""
        if self._listeners.get((group, kind)) == listener:
            del self._listeners[group, kind]

    def _own(self) -> None:
        if self._owner is None or self._owner.is_closed():
            self._owner = asyncio.get_running_loop()

    async def receive(self, channel: str) -> dict[str, Any]:
        """Return the next message of `channel`. The first loop that receives becomes the owner."""
        self._own()
        message: dict[str, Any] = await super().receive(channel)
        return message

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Put a message into `channel`."""
        await self._hop(super().send(channel, message))

    async def group_add(self, group: str, channel: str) -> None:
        """Make `channel` a member of `group`."""
        await self._hop(super().group_add(group, channel))

    async def group_discard(self, group: str, channel: str) -> None:
        """End the membership."""
        await self._hop(super().group_discard(group, channel))

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Put a message into every member of `group`."""
        await self._hop(self._deliver_soon(group, message))

    def group_send_soon(self, group: str, message: dict[str, Any]) -> None:
        """Put a message into every member of `group`, from any thread and without waiting. Dropped without a loop."""
        owner = self._owner
        if owner is None or owner.is_closed():
            return
        try:
            owner.call_soon_threadsafe(self._deliver, group, message)
        except RuntimeError:  # closed between the check and the call
            log.debug("nobody is left in %s", group)

    async def _deliver_soon(self, group: str, message: dict[str, Any]) -> None:
        self._deliver(group, message)

    def _deliver(self, group: str, message: dict[str, Any]) -> None:
        if listener := self._listeners.get((group, message["type"])):
            if (rest := listener(message)) is not None:
                task = asyncio.get_running_loop().create_task(rest)
                self._running.add(task)  # the loop itself keeps no task alive
                task.add_done_callback(self._running.discard)
            return
        for channel in list(self.groups.get(group, ())):
            queue = self.channels.setdefault(channel, asyncio.Queue(maxsize=self.get_capacity(channel)))
            try:
                # A copy for each member, with the expiry: the stock layer's own format.
                queue.put_nowait((time.time() + self.expiry, deepcopy(message)))
            except asyncio.QueueFull:
                self.dropped += 1
                log.warning("a reader of %s is too slow: message dropped (%d so far)", group, self.dropped)

    async def _hop(self, step: Coroutine[Any, Any, None]) -> None:
        owner = self._owner
        if owner is None or not owner.is_running() or owner is asyncio.get_running_loop():
            await step
        else:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(step, owner))


def the_layer() -> Any:
    """Return the project's channel layer; settings.py always names one."""
    layer = get_channel_layer()
    assert layer is not None
    return layer


class _Sender:
    """Sends in order, on an event loop of its own, while the callers go on.

    Whoever waited for Redis with each message would store 500 events in the time of 500 round trips, and none while
    Redis hangs. A new loop for each call would open a new connection.
    """

    # Messages that may wait, as many as the in-memory layer keeps.
    MOST = 5000
    # For one message.
    TIMEOUT = 5.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._waiting: asyncio.Queue[tuple[Any, str, dict[str, Any]]] = asyncio.Queue()
        self.dropped = 0

    def put(self, layer: Any, group: str, message: dict[str, Any]) -> None:
        with self._lock:
            loop = self._running_loop()
            if self._waiting.qsize() >= self.MOST:
                self.dropped += 1
                log.warning("too many messages wait for %s: one dropped (%d so far)", group, self.dropped)
                return
            loop.call_soon_threadsafe(self._waiting.put_nowait, (layer, group, message))

    def flush(self, seconds: float) -> bool:
        with self._lock:
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                return True
            # Behind what was put before, which hops to the loop, too.
            joined = asyncio.run_coroutine_threadsafe(self._waiting.join(), self._loop)
        try:
            joined.result(seconds)
        except TimeoutError:
            return False
        return True

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or self._thread is None or not self._thread.is_alive():
            # A child of a fork comes here, too: threads do not survive a fork. What waited, the parent sends.
            self._loop, self._waiting = asyncio.new_event_loop(), asyncio.Queue()
            run = self._loop.run_until_complete
            self._thread = threading.Thread(target=run, args=(self._send_all(),), name="layer-sender", daemon=True)
            self._thread.start()
        return self._loop

    async def _send_all(self) -> None:
        while True:
            layer, group, message = await self._waiting.get()
            try:
                async with asyncio.timeout(self.TIMEOUT):
                    await self._send(layer, group, message)
            except (OSError, TimeoutError, RuntimeError, redis_error()) as error:
                log.warning("could not send to %s: %s", group, str(error) or "no answer")
            except Exception:  # whatever one message does, the next are sent
                log.exception("could not send to %s", group)
            finally:
                self._waiting.task_done()

    async def _send(self, layer: Any, group: str, message: dict[str, Any]) -> None:
        try:
            await layer.group_send(group, message)
        except (OSError, redis_error()):
            # The connection is one that Redis closed meanwhile, as at its restart. The next one is new.
            await layer.group_send(group, message)


_sender = _Sender()
# Of a command that ends, as long as Redis answers.
atexit.register(_sender.flush, 2.0)


def flush(seconds: float = 5.0) -> bool:
    """Wait until all that this process has sent so far is on its way, `seconds` at most; return whether it is.

    For processes that may be ended at any moment, such as a worker between two tasks.
    """
    return _sender.flush(seconds)


def group_send(group: str, message: dict[str, Any]) -> None:
    """Send `message` to every member of `group`, from synchronous code and without waiting until it is sent.

    `message["type"]` names the method called. A layer that can't be reached is logged and not raised: members read what
    they need from the database.
    """
    layer = the_layer()
    if isinstance(layer, ThreadHopLayer):
        layer.group_send_soon(group, message)
    else:
        _sender.put(layer, group, message)


def redis_error() -> type[Exception]:
    """Return what Redis's client raises while it is away."""
    # Imported late: one process alone never needs it, and it costs memory.
    from redis.exceptions import RedisError

    return RedisError
