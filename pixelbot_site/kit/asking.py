"""Running a request to another computer in a thread that has no event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_to_deadline(request: Coroutine[Any, Any, T]) -> T:
    """Run `request`, whose deadline is its own, and return its result.

    `asyncio.run` also waits for the threads that look names up, which nothing can cancel: longer than any deadline.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(request)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
