"""The end of Daphne: each request and websocket gets to do what it does at its end."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from twisted.internet import defer


def install() -> None:
    """Let Daphne cancel what still runs when it ends, and wait for that, where it is this process's server.

    The stock one raises KeyError, and so cancels nothing, while any connection has not asked for anything yet.
    """
    if "daphne.server" in sys.modules:  # importing it would install Twisted's reactor
        from daphne.server import Server

        Server.kill_all_applications = _cancel_all


def _cancel_all(server: Any) -> Any:
    running = [details.get("application_instance") for details in server.connections.values()]
    tasks = [task for task in running if task is not None and not task.done()]
    for task in tasks:
        task.cancel()
    return defer.Deferred.fromFuture(asyncio.ensure_future(_wait_for(tasks)))


async def _wait_for(tasks: list[asyncio.Future[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
