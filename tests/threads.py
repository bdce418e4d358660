"""Running one step in many threads at the same moment, each with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

from tests.processes import wait_until

T = TypeVar("T")


def at_once(count: int, step: Callable[[int], T]) -> list[T | Exception]:
    """Call `step(0)` … `step(count - 1)` in threads that start together; return each result, or the exception instead."""
    barrier = threading.Barrier(count)

    def run(number: int) -> T | Exception:
        try:
            barrier.wait(10)
            return step(number)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def wait_for_a_waiter() -> None:
    """Wait until another connection waits for a lock that a transaction holds. SQLite shows nobody who waits."""
    if connection.vendor == "postgresql":
        wait_until(_waiters, "somebody waits for a lock")


def _waiters() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction it shows the same for ever
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])
