"""Daphne with the bot's websockets, and a client in the same process (`test_prompt_sockets`).

Prints how many of two messages the client's socket has got while the event loop did nothing else, and whether a client
that begins to read late gets all of many messages, in order.
"""

from __future__ import annotations

import daphne.server as daphne_server  # must come first: it installs the reactor

# isort: split
import asyncio
import os
import queue
import socket
import threading
import time
from contextlib import suppress
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.uri import parse_uri

from pixelbot_site import prompt_sockets
from tests.processes import free_port

PORT = free_port()
MANY, LENGTH = 4_000, 2_000  # 8 MB: far more than the system takes at once

greeted: queue.Queue[socket.socket] = queue.Queue()
all_sent = threading.Event()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Send two messages that a client's socket should have at once, then many."""
    await receive()
    await send({"type": "websocket.accept"})
    client = await asyncio.to_thread(greeted.get)
    got = 0
    for number in range(2):
        await send({"type": "websocket.send", "text": f"message {number}"})
        with suppress(BlockingIOError):
            got += f"message {number}".encode() in client.recv(100, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    print(f"at once: {got}", flush=True)
    for number in range(MANY):
        await send({"type": "websocket.send", "text": f"{number:0{LENGTH}}"})
    all_sent.set()


def read() -> None:
    """Connect, and read once all has been sent."""
    while True:
        try:
            client = socket.create_connection(("127.0.0.1", PORT), timeout=20)
            break
        except ConnectionRefusedError:  # it starts
            time.sleep(0.05)
    protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{PORT}/"))
    protocol.send_request(protocol.connect())
    client.sendall(b"".join(protocol.data_to_send()))
    while not protocol.events_received():
        protocol.receive_data(client.recv(1))
    greeted.put(client)
    all_sent.wait(20)
    texts: list[str] = []
    while len(texts) < 2 + MANY:
        protocol.receive_data(client.recv(65_536))
        texts += [bytes(frame.data).decode() for frame in protocol.events_received() if isinstance(frame, Frame)]
    print(
        f"in order: {texts == ['message 0', 'message 1', *(f'{number:0{LENGTH}}' for number in range(MANY))]}",
        flush=True,
    )
    os._exit(0)


if __name__ == "__main__":
    prompt_sockets.install()
    threading.Thread(target=read, daemon=True).start()
    daphne_server.Server(
        application=application, endpoints=[f"tcp:port={PORT}:interface=127.0.0.1"], signal_handlers=False
    ).run()
