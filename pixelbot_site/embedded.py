"""The whole bot in one process: Daphne's web server, the gateway client, a Celery worker and its schedule.

Import this module before anything that brings Twisted: Daphne installs the asyncio reactor, and one event loop serves
all. The order of the steps, at the start and at the end, is measured, not taste: docs/embedded.md.
"""

from __future__ import annotations

import daphne.server as daphne_server  # must come first: it installs the reactor

# isort: split
import asyncio
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from celery.beat import EmbeddedService
from celery.worker import WorkController, state
from channels.layers import get_channel_layer
from django.db import DatabaseError, connection
from twisted.internet import defer, reactor

from effects import tasks, voice
from effects.queue import rescue, worker
from pixelbot_site.celery import app
from pixelbot_site.kit.bell_broker import BELL
from pixelbot_site.kit.channel_layer import ThreadHopLayer
from pixelbot_site.kit.logs import STDOUT

log = logging.getLogger("runbot")

WORKERS = 4
GRACE = 1.0
"""Seconds that a running item gets to finish when the bot is stopped. After them it goes back into its lane."""
BEGIN_AGAIN_AFTER = 5.0
YEARS = 10 * 365 * 86_400

Part = Callable[[], Awaitable[None]]


class Server(daphne_server.Server):  # type: ignore[misc]
    """Daphne, ending its applications without the KeyError that young connections cause in the stock one."""

    def kill_all_applications(self) -> Any:
        """Cancel every running application and wait for the cancellation."""
        running = [details.get("application_instance") for details in self.connections.values()]
        tasks = [task for task in running if task is not None and not task.done()]
        for task in tasks:
            task.cancel()
        return defer.Deferred.fromFuture(asyncio.ensure_future(_settled(tasks)))


async def _settled(tasks: list[asyncio.Future[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


async def keep_running(part: Part) -> None:
    """Run `part`; whatever breaks it is logged, and it begins again, until it ends by itself or is cancelled."""
    while True:
        try:
            await part()
            return
        except Exception:  # the process's edge: a bot that silently stops is the worst
            log.exception("the line to Joystick broke down; beginning again in %g s", BEGIN_AGAIN_AFTER)
            await asyncio.sleep(BEGIN_AGAIN_AFTER)


class Process:
    """One process with everything in it. `run` returns when it was told to stop (SIGINT, SIGTERM)."""

    def __init__(self, *, host: str, port: int, background: Part, ready: Callable[[], None]) -> None:
        """`background` runs beside the web server on its loop, and ends within a second or so when cancelled."""
        self._background = background
        self._ready = ready
        self._loop: asyncio.AbstractEventLoop = daphne_server.twisted_loop
        self._task: asyncio.Task[None] | None = None
        self._worker = Worker()
        from pixelbot_site.asgi import application

        self._server = Server(
            application=application,
            endpoints=[f"tcp:port={port}:interface={host.replace(':', chr(92) + ':')}"],
            signal_handlers=True,
            verbosity=1,
            websocket_timeout=YEARS,
            ready_callable=self._begin,
        )

    def run(self) -> None:
        """Serve until told to stop, then end everything in order."""
        layer = get_channel_layer()
        if isinstance(layer, ThreadHopLayer):
            layer.bind(self._loop)
        self._worker.start()
        reactor.addSystemEventTrigger("before", "shutdown", self._end)  # type: ignore[arg-type]  # as Twisted documents
        self._server.run()
        self._drain_loop()
        voice.studio().close()
        merge_write_ahead_log()
        if self._worker.is_alive():
            # A thread in the middle of an item can't be stopped, and Python would wait for it. Its item went back.
            log.warning("left with a task still running")
            logging.shutdown()
            STDOUT.flush()
            os._exit(0)

    def _begin(self) -> None:
        self._task = self._loop.create_task(keep_running(self._background))
        self._loop.call_soon(self._ready)

    def _end(self) -> Any:
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._stop(), loop=self._loop))

    async def _stop(self) -> None:
        log.info("stopping")
        tasks.stopping.set()
        self._worker.ask_to_stop()
        await asyncio.gather(self._end_background(), self._grace())
        await self._in_thread(self._worker.join)
        await self._in_thread(rescue.put_back_running)

    async def _end_background(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _grace(self) -> None:
        until = time.monotonic() + GRACE
        while time.monotonic() < until and await self._in_thread(worker.is_running):
            await asyncio.sleep(0.05)

    async def _in_thread(self, step: Callable[[], Any]) -> Any:
        return await self._loop.run_in_executor(None, step)

    def _drain_loop(self) -> None:
        # A task that is still pending when the interpreter ends crashes CPython 3.11 in the garbage collector.
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        if left:
            self._loop.run_until_complete(asyncio.wait(left, timeout=1))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


def merge_write_ahead_log() -> None:
    """Write SQLite's log into the database file, as the last step of a stop.

    Without it most of an evening may stand in the `-wal` file, and a copy of the database file alone has lost it.
    """
    if connection.vendor != "sqlite":
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy = cursor.fetchone()[0]
        if busy:
            log.warning("the database's log could not be merged: somebody else reads it. Copy the -wal file, too.")
    except DatabaseError as error:
        log.warning("the database's log could not be merged: %s", error)
    connection.close()


class Worker:
    """A Celery worker with a pool of threads, and its schedule, inside this process."""

    def __init__(self) -> None:
        app.finalize()
        app.set_default()
        if connection.vendor == "sqlite":
            # Celery closes the database after every task; to open the file again costs as much as most of them. (A
            # server's connection may break, and must be looked at anew each time.)
            app.conf["CELERY_DB_REUSE_MAX"] = 10**9
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
        # In a thread: the worker's own way of embedding it forks a process, which a broker in memory does not reach.
        self._beat: Any = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()
        self._beat.start()

    def ask_to_stop(self) -> None:
        """Take no new task; returns at once."""
        state.should_stop = 0  # type: ignore[assignment]  # the exit code
        BELL.close()

    def join(self) -> None:
        """Wait a moment for the tasks in hand."""
        self._thread.join(0.3)

    def is_alive(self) -> bool:
        """Is a task still in hand?"""
        return self._thread.is_alive()
