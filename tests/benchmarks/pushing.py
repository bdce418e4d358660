"""A bot in one process that, once an overlay is connected, pushes to it from Celery tasks (`tests.benchmarks.embedded`).

Usage: `python -m tests.benchmarks.pushing PORT RAW_PORT COUNT`. Each push carries when its task's transaction was
committed, when the task began, and when it was sent: seconds of the machine's monotonic clock, which all processes share.
On RAW_PORT a bare TCP socket is written to in turn with the overlay, for comparison.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import time
from functools import partial

import django

django.setup()

from django.db import transaction
from django.utils import timezone

import pixelbot_site.embedded as embedded
from economy.models import Cooldown
from effects.overlays import messages
from pixelbot_site import setup
from pixelbot_site.celery import app
from pixelbot_site.kit.channel_layer import ThreadHopLayer, the_layer


@app.task(name="benchmark.push")
def push(number: int, committed_at: float) -> None:
    """Runs on a worker's thread."""
    began_at = time.monotonic()
    sent_at = time.monotonic()
    messages.show(number, {"type": "benchmark", "committed_at": committed_at, "began_at": began_at, "sent_at": sent_at})


def commit_and_push(number: int) -> None:
    """A transaction that writes, and whose commit wakes the task."""
    with transaction.atomic():
        Cooldown.objects.update_or_create(key="benchmark", defaults={"until": timezone.now()})
        transaction.on_commit(lambda: push.delay(number, time.monotonic()))


async def push_all(raw_port: int, count: int) -> None:
    """Wait for an overlay and a bare socket, then push to them in turn now and then, as on a stream."""
    layer = the_layer()
    assert isinstance(layer, ThreadHopLayer)
    raw = await asyncio.to_thread(raw_client, raw_port)
    while messages.GROUP not in layer.groups:
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    for number in range(count):
        await asyncio.to_thread(commit_and_push, number)
        await asyncio.sleep(0.004)
        await asyncio.to_thread(push_raw, raw)
        await asyncio.sleep(0.004)
    await asyncio.Event().wait()


def raw_client(port: int) -> socket.socket:
    """Wait for the one who is pushed to on a bare TCP socket."""
    with socket.create_server(("127.0.0.1", port)) as server:
        client, _ = server.accept()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def push_raw(client: socket.socket) -> None:
    """The floor: a timestamp, written by a thread."""
    client.sendall(struct.pack("d", time.monotonic()))


def main() -> None:
    """Run until told to stop."""
    port, raw_port, count = map(int, sys.argv[1:4])
    setup.prepare()
    path = partial(print, "Stop with Ctrl-C", flush=True)
    embedded.Process(host="127.0.0.1", port=port, background=partial(push_all, raw_port, count), ready=path).run()


if __name__ == "__main__":
    main()
