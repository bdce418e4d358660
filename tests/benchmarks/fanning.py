"""A bot in one process that pushes to many overlays from a worker's thread (`tests.benchmarks.fan_out`).

Usage: `python -m tests.benchmarks.fanning PORT BARE_PORT SOCKETS COUNT`. Once so many sockets are connected to the bot, and
as many to a bare asyncio server on the same event loop, it pushes to all of the one and of the other in turn: a JSON
object, with the second of the machine's monotonic clock at which its sender began.

With PORT 0 it is no bot, but a process that pushes over Redis to the overlays of another one.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import django

django.setup()

import pixelbot_site.embedded as embedded
from effects.overlays import messages
from pixelbot_site import setup
from pixelbot_site.kit.channel_layer import ThreadHopLayer, the_layer
from tests.benchmarks.fan_out import MARK, READY

# Seconds between two pushes: all sockets have got the one before.
PAUSE = 0.08
# As long as an alert's.
TEXT = "somebody with a long name tipped 100 tokens and says thank you for the lovely evening"


bare_open: set[asyncio.Transport] = set()


class Bare(asyncio.Protocol):
    """A connection that is only written to."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it as open."""
        assert isinstance(transport, asyncio.Transport)
        bare_open.add(transport)


def push(number: int) -> None:
    """Push to the overlays; runs on a thread."""
    messages.show(number, {"type": "benchmark", "text": TEXT, "sent_at": time.monotonic()})


def push_bare(loop: asyncio.AbstractEventLoop) -> None:
    """Write the same to the bare sockets; runs on a thread."""
    frame = {"type": "play", "text": TEXT, "show": "benchmark", "sent_at": time.monotonic()}
    loop.call_soon_threadsafe(write_bare, json.dumps(frame).encode())


def write_bare(text: bytes) -> None:
    """Write to each bare socket."""
    for transport in bare_open:
        transport.write(text)


async def push_all(bare_port: int, sockets: int, count: int) -> None:
    """Wait for all sockets, then push to overlays and bare sockets in turn."""
    layer = the_layer()
    loop = asyncio.get_running_loop()
    await loop.create_server(Bare, "127.0.0.1", bare_port)
    print(READY, flush=True)
    while len(bare_open) < sockets:
        await asyncio.sleep(0.05)
    while isinstance(layer, ThreadHopLayer) and len(layer.groups.get(messages.GROUP, ())) < sockets:
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5 + sockets / 80)  # all have been greeted
    spent: dict[Callable[[], object], list[float]] = {}
    for number in range(count):
        for step in (partial(push, number), partial(push_bare, loop)):
            before = time.thread_time()
            await asyncio.to_thread(step)
            await asyncio.sleep(PAUSE)
            spent.setdefault(step.func, []).append(time.thread_time() - before)
    print(*(f"{MARK}{1000 * median(found):.3f}" for found in spent.values()), sep="\n", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Run until told to stop."""
    port, bare_port, sockets, count = map(int, sys.argv[1:5])
    if not port:
        asyncio.run(push_all(bare_port, sockets, count))
    setup.prepare()
    path = partial(print, "Stop with Ctrl-C", flush=True)
    background = partial(push_all, bare_port, sockets, count)
    embedded.Process(host="127.0.0.1", port=port, background=background, ready=path).run()


if __name__ == "__main__":
    main()
