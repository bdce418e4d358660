"""The whole bot in one process: Daphne's web server, the gateway client, a Celery worker and its schedule.

Import this module before anything that imports Twisted: Daphne installs the asyncio reactor, so that everything runs on
one event loop. The reasons for the order of the steps, at the start and at the end, are in `docs/embedded.md`.
"""

from __future__ import annotations

from pixelbot_site.kit.missing import missing

# Pages are served without TLS here, and Twisted goes without it where it finds no OpenSSL: 60 modules and 5 MB less.
with missing("OpenSSL"):
    import daphne.server as daphne_server  # must come first: it installs the reactor

# isort: split
import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from celery.worker import WorkController, state
from channels.layers import get_channel_layer
from django.db import DatabaseError
from twisted.internet import defer, reactor

from effects import tasks, voice
from effects.queue import wakeups, worker
from effects.queue.upkeep import rescue
from pixelbot_site.celery import app
from pixelbot_site.kit import asking
from pixelbot_site.kit.bell_broker import BELL
from pixelbot_site.kit.channel_layer import ThreadHopLayer
from pixelbot_site.kit.logs import STDOUT
from pixelbot_site.kit.schedule import Schedule
from pixelbot_site.kit.threads import start_service
from pixelbot_site.metrics import worker as worker_health
from pixelbot_site.upkeep import database_file

log = logging.getLogger("runbot")

# One for each lane, of which each occupies one at most, and one more for what is scheduled.
WORKERS = 6
# Seconds that a running item gets to finish when the bot is stopped. After them it goes back into its lane.
STOP_GRACE = 1.0
# Seconds before a background coroutine that raised is run again.
RESTART_DELAY = 5.0
# Daphne closes websockets after a day by default; overlays stay open.
WEBSOCKET_TIMEOUT = 10 * 365 * 86_400
# Bytes of a message that a page sends; by default a megabyte.
WEBSOCKET_MESSAGE = 16_384
# As of the option of the same name of Daphne's own command.
PROXY_HEADERS = {
    "proxy_forwarded_address_header": "X-Forwarded-For",
    "proxy_forwarded_port_header": "X-Forwarded-Port",
    "proxy_forwarded_proto_header": "X-Forwarded-Proto",
}

Background = Callable[[], Awaitable[None]]


async def keep_running(background: Background) -> None:
    """Run `background` until it returns or is cancelled. What it raises is logged, and it is run again."""
    while True:
        try:
            await background()
            return
        except Exception:  # broad: whatever the error, the bot must not lose its channel for good
            log.exception("the connection to Joystick failed; starting it again in %g s", RESTART_DELAY)
            await asyncio.sleep(RESTART_DELAY)


class Process:
    """The web server, the background coroutine and the Celery worker, run in one process until SIGINT or SIGTERM."""

    def __init__(
        self, *, host: str, port: int, background: Background, ready: Callable[[], None], proxy_headers: bool = False
    ) -> None:
        """Prepare everything; nothing runs yet.

        `background` runs on the web server's loop and is waited for when it is cancelled at the end. `ready` is called
        once the server listens. With `proxy_headers`, a web server in front says who asks, and whether by HTTPS.
        """
        self._background = background
        self._ready = ready
        self._loop: asyncio.AbstractEventLoop = daphne_server.twisted_loop
        self._task: asyncio.Task[None] | None = None
        self._worker = Worker()
        from pixelbot_site.asgi import application

        self._server = daphne_server.Server(
            application=application,
            # Twisted separates an endpoint's parts by colons, so those of an IPv6 address are escaped.
            endpoints=[f"tcp:port={port}:interface={host.replace(':', chr(92) + ':')}"],
            signal_handlers=True,
            verbosity=1,
            websocket_timeout=WEBSOCKET_TIMEOUT,
            websocket_max_message_size=WEBSOCKET_MESSAGE,
            websocket_max_frame_size=WEBSOCKET_MESSAGE,
            **(PROXY_HEADERS if proxy_headers else {}),
            ready_callable=self._start_background,
        )

    def run(self) -> None:
        """Serve until a signal comes, then stop everything in order. May end the process by `os._exit`."""
        layer = get_channel_layer()
        if isinstance(layer, ThreadHopLayer):
            layer.bind(self._loop)
        self._worker.start()
        reactor.addSystemEventTrigger("before", "shutdown", self._stop_before_shutdown)  # type: ignore[arg-type]  # as Twisted documents
        self._server.run()
        self._drain_loop()
        voice.studio().close()
        database_file.merge_log()
        if self._worker.is_alive() or asking.is_looking_up():
            # A thread in the middle of an item, or of looking up a name, can't be stopped, and Python would wait for it
            # at exit. Its item has already gone back into its lane.
            if self._worker.is_alive():
                log.warning("stopped while a task was still running")
            logging.shutdown()
            STDOUT.flush()
            os._exit(0)

    def _start_background(self) -> None:
        self._task = self._loop.create_task(keep_running(self._background))
        self._loop.call_soon(self._ready)

    def _stop_before_shutdown(self) -> Any:
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._stop(), loop=self._loop))

    async def _stop(self) -> None:
        log.info("stopping")
        tasks.stopping.set()
        self._worker.ask_to_stop()
        await self._wait_for_items()
        await self._in_thread(self._worker.join)
        try:
            await self._in_thread(rescue.put_back_running)
        except DatabaseError as error:
            log.warning("the running items could not be put back: %s", error)
        # After the items: the background says in chat what became of them.
        await self._cancel_background()

    async def _cancel_background(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _wait_for_items(self) -> None:
        until = time.monotonic() + STOP_GRACE
        with contextlib.suppress(DatabaseError):  # without a database no item ends
            while time.monotonic() < until and await self._in_thread(worker.is_running):
                await asyncio.sleep(0.05)

    async def _in_thread(self, step: Callable[[], Any]) -> Any:
        return await self._loop.run_in_executor(None, step)

    def _drain_loop(self) -> None:
        # A task that is still pending when the interpreter ends crashes CPython 3.11 in the garbage collector.
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        if pending:
            self._loop.run_until_complete(asyncio.wait(pending, timeout=1))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


class Worker:
    """A Celery worker with a pool of threads, and Celery's schedule, inside this process."""

    def __init__(self) -> None:
        app.finalize()
        app.set_default()
        self._worker = WorkController(
            app=app,
            pool="threads",
            concurrency=WORKERS,
            hostname="embedded@local",
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )
        self._thread = threading.Thread(target=self._worker.start, name="celery", daemon=True)
        self._schedule = Schedule(app)

    def start(self) -> None:
        """Start the worker's threads and the schedule."""
        worker_health.begin()
        self._thread.start()
        wakeups.check_obs()
        # In a thread: the worker's own `beat` option forks a process, which a broker in memory does not reach.
        start_service("schedule", self._schedule.run)

    def ask_to_stop(self) -> None:
        """Make the worker take no new task. Returns at once."""
        self._schedule.stop()
        state.should_stop = 0  # type: ignore[assignment]  # the exit code
        BELL.close()

    def join(self) -> None:
        """Wait up to 0.3 s for running tasks."""
        self._thread.join(0.3)

    def is_alive(self) -> bool:
        """Return whether the worker still runs a task."""
        return self._thread.is_alive()
