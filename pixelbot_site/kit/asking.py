"""Running a request to another computer in a thread that has no event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
LOOKING_UP = "looks-up-names"


def run_to_deadline(request: Coroutine[Any, Any, T]) -> T:
    """Run `request`, whose deadline is its own, and return its result.

    `asyncio.run` also waits for the threads that look names up, which nothing can cancel: longer than any deadline.
    Python waits for them at its exit: see `is_looking_up`.
    """
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix=LOOKING_UP))
    try:
        return loop.run_until_complete(request)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def is_looking_up() -> bool:
    """Return whether a name is looked up still, for a request that was given up."""
    return any(thread.name.startswith(LOOKING_UP) for thread in threading.enumerate())
