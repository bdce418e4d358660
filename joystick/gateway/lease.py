"""The listener's lease: one of several listeners holds the line, and notices when it does so no more.

The database is asked where it counts: in the transaction that stores a batch of events. A process that was frozen and
goes on knows of no time that passed.
"""

from __future__ import annotations

import asyncio
import logging
import time

from joystick.channel import health
from joystick.gateway.threads import DATABASE_ERRORS, Threads

log = logging.getLogger("joystick")

# Seconds between two renewals of the lease, which lasts `health.LEASE`, and between two looks of one that stands by.
RENEW_EVERY = 1.0
LOOK_EVERY = 0.1


class Lease:
    """One listener's hold on the line: `wait` for it, `keep` it as a task, `release` it."""

    def __init__(self, holder: str, threads: Threads) -> None:
        """Take the listener's name among the others, and its threads."""
        self._holder = holder
        self._threads = threads
        self._number = 0
        self._is_released = False
        # Until then (`time.monotonic`) nobody can have taken it.
        self._held_until = 0.0

    async def wait(self) -> None:
        """Return as soon as we hold the line."""
        is_told = False
        while not await self._take():
            if not is_told:
                log.info("another listener holds the line; standing by")
            is_told = True
            await asyncio.sleep(LOOK_EVERY)

    async def _take(self) -> bool:
        began = time.monotonic()
        try:
            self._number = await self._threads.db(health.take_lease, self._holder)
        except DATABASE_ERRORS as error:
            log.warning("which listener holds the line can't be asked: %s", error)
            await asyncio.sleep(RENEW_EVERY)
            return False
        self._held_until = began + health.LEASE.total_seconds()
        return bool(self._number)

    async def keep(self) -> None:
        """Renew it again and again. Raise LeaseLost when another listener took it."""
        while True:
            await asyncio.sleep(RENEW_EVERY)
            began = time.monotonic()
            try:
                await self._threads.db(health.renew_lease, self._holder, self._number)
            except DATABASE_ERRORS as error:
                log.warning("could not renew the lease: %s", error)
            else:
                self._held_until = began + health.LEASE.total_seconds()

    async def release(self) -> None:
        """Let another listener take over at once. End `keep` before."""
        if self._is_released:
            return
        self._is_released, self._held_until = True, 0.0
        try:
            await self._threads.db(health.release_lease, self._holder)
        except DATABASE_ERRORS as error:
            log.warning("the lease could not be released: %s", error)

    def check(self) -> None:
        """Raise LeaseLost where another listener took it without being let. Call it inside the transaction."""
        # Once released it may be another's: of what both have received, the database keeps one.
        if not self._is_released:
            health.require_lease(self._holder, self._number)

    @property
    def is_certain(self) -> bool:
        """Whether nobody can have taken it yet."""
        return time.monotonic() < self._held_until

    async def is_taken(self) -> bool:
        """Return whether another listener has taken over, as it may while this process is frozen, or ends."""
        if self.is_certain:
            return False
        try:
            return not await self._threads.db(health.holds_lease, self._holder, self._number)
        except DATABASE_ERRORS:
            return False
