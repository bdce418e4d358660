"""The listener's threads: one for the database, one for calls that wait for the platform, one for what it looks after.

Several, so that nothing slow keeps events from being stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

log = logging.getLogger("joystick")

P = ParamSpec("P")
T = TypeVar("T")

# Seconds between two rounds of what the listener looks after.
LOOK_AFTER_EVERY = 2.0
# What the database raises when it is away or busy; the same step may be tried again.
DATABASE_ERRORS = (OperationalError, InterfaceError)


class Threads:
    """Runs synchronous steps off the event loop, those of each thread one after another."""

    def __init__(self) -> None:
        self._database = ThreadPoolExecutor(1, thread_name_prefix="inbox")
        self._platform = ThreadPoolExecutor(1, thread_name_prefix="platform")
        self._upkeep = ThreadPoolExecutor(1, thread_name_prefix="upkeep")

    async def db(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a step that uses the database and does not wait for anything else."""
        return await _run_on(self._database, partial(step, *args, **kwargs))

    async def ask_platform(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a step that may wait for Joystick's REST API."""
        return await _run_on(self._platform, partial(step, *args, **kwargs))

    async def look_after(self, what: str, step: Callable[[], object], *, every: float = LOOK_AFTER_EVERY) -> None:
        """Run a step every so many seconds until cancelled. What it raises is logged with `what` it is for, and not
        raised: the line must not end of it.
        """
        while True:
            try:
                await _run_on(self._upkeep, step)
            except DATABASE_ERRORS as error:
                log.warning("could not look after %s: %s", what, error)
            except Exception:
                log.exception("could not look after %s", what)
            await asyncio.sleep(every)

    def shut_down(self) -> None:
        """Close the threads' database connections and end them, without waiting for a step that still runs."""
        for thread in (self._database, self._platform, self._upkeep):
            thread.submit(connection.close)
            thread.shutdown(wait=False)


async def _run_on(thread: ThreadPoolExecutor, step: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, partial(_with_connection, step))


def _with_connection(step: Callable[[], T]) -> T:
    # The thread's connection stays open between steps. A broken one is closed, so that Django makes a new one.
    try:
        return step()
    except DATABASE_ERRORS:
        connection.close()
        raise
