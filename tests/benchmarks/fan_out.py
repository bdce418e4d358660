"""How soon a push is at each of 200 overlays: `python -m tests.benchmarks.fan_out [--quick]`.

From the thread that sends it to the receiving of each socket, beside bare sockets: as many, of the same event loop, which
get the same text in turn with the overlays. The clients are the same for both, and do nothing but look at the clock.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path

from tests.benchmarks.embedded import PLAY, greeting, percentile, show
from tests.journeys.site import Scaled
from tests.processes import BotProcess, free_port, wait_until

MARK = "the event loop worked for "
"""What `tests.benchmarks.fanning` prints before the milliseconds for each push to the overlays, and to bare sockets."""


READY = "ready to push"


class Client(asyncio.Protocol):
    """One socket: what it received, and when."""

    def __init__(self, greeting: bytes) -> None:
        self.greeting = greeting
        self.received: list[tuple[float, bytes]] = []

    def itself(self) -> Client:
        """Return it, as what makes a connection's protocol."""
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the websocket, where it is one."""
        if self.greeting:
            assert isinstance(transport, asyncio.Transport)
            transport.write(self.greeting)

    def data_received(self, data: bytes) -> None:
        """Look at the clock; what it is, is looked at later."""
        self.received.append((time.monotonic(), data))

    def latencies(self) -> list[float]:
        """Return the milliseconds that each push took to here."""
        found = [(at, json.loads(text)) for at, data in self.received for text in PLAY.findall(data)]
        return [(at - frame["sent_at"]) * 1000 for at, frame in found]


def main() -> None:
    """Measure and print."""
    sockets, count = (20, 10) if "--quick" in sys.argv else (200, 100)
    with tempfile.TemporaryDirectory(prefix="pixelbot-benchmark-") as folder:
        pushes, bare, worked, floor = measure(Path(folder), sockets, count)
    what = f"push from a thread to each of {sockets} overlays"
    show(f"{what}, p50", percentile(pushes, 50), "ms", 5)
    for share in (50, 99):
        push, wait = percentile(pushes, share), percentile(bare, share)
        words = f"the same, p{share}, ratio to bare sockets"
        print(f"{words:<58} {push / wait:8.2f} ×   {push:.2f} ms beside {wait:.2f} ms", flush=True)
    words = "the event loop's own time for all of them, in the middle"
    print(f"{words:<58} {worked / floor:8.2f} ×   {worked:.2f} ms beside {floor:.2f} ms, whoever else uses the machine")


def measure(folder: Path, sockets: int, count: int) -> tuple[list[float], list[float], float, float]:
    """Push to so many sockets, so often; return the milliseconds of each push to each overlay and to each bare socket,
    and how long the event loop worked for all overlays, and for all bare sockets.
    """
    bare_port = free_port()
    environment = {"DJANGO_SETTINGS_MODULE": "pixelbot_site.settings", "OVERLAY_SOCKETS_MAX": str(sockets)}
    bot = BotProcess(folder, free_port(), **environment)
    numbers = map(str, (bot.port, bare_port, sockets, count))
    bot.command = [sys.executable, "-m", "tests.benchmarks.fanning", *numbers]
    bot.start()
    with closing(sqlite3.connect(folder / "pixelbot.sqlite3")) as database:
        secret = database.execute("SELECT secret FROM effects_overlay").fetchone()[0]
    pushes, bare = asyncio.run(received((bot.port, greeting(secret, bot.port)), (bare_port, b""), sockets, count))
    wait_until(lambda: bot.text().count(MARK) == 2, "it says how long it worked")
    bot.stop()
    assert len(pushes) == len(bare) == sockets * count, f"{len(pushes)} and {len(bare)}\n{bot.text()[-3000:]}"
    worked, floor = (float(line.removeprefix(MARK)) for line in bot.text().splitlines() if line.startswith(MARK))
    return pushes, bare, worked, floor


def measure_scaled(site: Scaled, sockets: int, count: int) -> tuple[list[float], list[float]]:
    """Do the same where the web server runs already, and another process pushes over Redis."""
    bare_port = free_port()
    secret = site.ask("SELECT secret FROM effects_overlay")
    site.environment["DJANGO_SETTINGS_MODULE"] = "pixelbot_site.settings"
    site.start("-m", "tests.benchmarks.fanning", "0", str(bare_port), str(sockets), str(count))
    wait_until(lambda: site.says(READY), "the one that pushes is ready", within=60)
    overlay = (site.port, greeting(secret, site.port))
    pushes, bare = asyncio.run(received(overlay, (bare_port, b""), sockets, count))
    site.processes.pop().terminate()
    site.output.clear()
    assert len(pushes) == len(bare) == sockets * count, f"{len(pushes)} and {len(bare)}"
    return pushes, bare


async def received(
    overlay: tuple[int, bytes], bare: tuple[int, bytes], sockets: int, count: int
) -> tuple[list[float], list[float]]:
    """Connect to both servers; return what the sockets of each waited."""
    loop = asyncio.get_running_loop()
    kinds: list[list[Client]] = []
    for port, hello in (overlay, bare):
        clients = [Client(hello) for _ in range(sockets)]
        for client in clients:
            await loop.create_connection(partial(Client.itself, client), "127.0.0.1", port)
        kinds.append(clients)
    until = time.monotonic() + 120
    while time.monotonic() < until and not all(len(one.latencies()) >= count for one in kinds[1]):
        await asyncio.sleep(0.5)
    overlays, floor = ([took for one in clients for took in one.latencies()] for clients in kinds)
    return overlays, floor


if __name__ == "__main__":
    main()
