"""Fifty thousand frames at once: none lost, memory bounded, and the socket's pings answered all the while."""

from __future__ import annotations

import asyncio
import threading
import time

import psutil
import pytest

from joystick.simulator.happenings import chat
from joystick.simulator.server import Simulator
from tests.processes import BotProcess, SimulatorThread, wait_until

FRAMES = 50_000
VIEWERS = 500
# In bytes. SQLite keeps up to 64 MiB of the file's pages; the rest is events that wait.
MAX_GROWTH = 100 * 2**20
# In seconds. By the websocket libraries' own defaults, the other end gives up after 20 s or more without an answer.
MAX_PONG_WAIT = 15.0


async def burst(gateway: Simulator) -> float:
    """Send everything as fast as the socket takes it; return the longest wait for a pong, in seconds."""
    (client,) = gateway._clients
    done = asyncio.Event()
    waits: list[float] = []

    async def ping() -> None:
        while not waits or not done.is_set():  # at least one, even if all was sent before this got its turn
            began = time.monotonic()
            await (await client.socket.ping())
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0.2)

    pinging = asyncio.create_task(ping())
    for number in range(FRAMES):
        await gateway.happen(chat(f"viewer{number % VIEWERS}", f"line {number} of a very full chat"))
    done.set()
    await pinging
    return max(waits)


@pytest.mark.alone
def test_a_burst_of_fifty_thousand_frames(bot: BotProcess, simulator: SimulatorThread) -> None:
    assert bot.process is not None
    process = psutil.Process(bot.process.pid)
    before, highest, over = process.memory_info().rss, 0, threading.Event()

    def watch_memory() -> None:
        nonlocal highest
        while not over.wait(0.1):
            highest = max(highest, process.memory_info().rss)

    watcher = threading.Thread(target=watch_memory)
    watcher.start()
    try:
        began = time.monotonic()
        longest = simulator.call(burst(simulator.simulator), within=240)
        count = "SELECT count(*) FROM joystick_inboundevent"
        wait_until(lambda: bot.one(count) == FRAMES, "every event is stored", within=120)
        seconds = time.monotonic() - began
    finally:
        over.set()
        watcher.join()
    print(
        f"{FRAMES / seconds:.0f} events/s, longest pong {longest:.2f} s, grew by {(highest - before) / 2**20:.0f} MiB"
    )
    assert longest < MAX_PONG_WAIT
    assert highest - before < MAX_GROWTH
    assert simulator.simulator.connections_made == 1
    assert bot.one("SELECT count(*) FROM joystick_inboundevent WHERE state != 'handled'") == 0
    # Each viewer is paid for the first of a hundred lines, and for later ones only as the cooldowns pass meanwhile.
    for table, column, cooldown in (("economy_points", "balance", 60), ("economy_xp", "total", 30)):
        ((viewers, least, most),) = bot.rows(f"SELECT count(*), min({column}), max({column}) FROM {table}")
        assert viewers == VIEWERS and 1 <= least <= most <= 1 + seconds // cooldown, table
    for ledger, viewer_has in (
        ("economy_transaction", "SELECT balance FROM economy_points AS has"),
        ("economy_xptransaction", "SELECT total FROM economy_xp AS has"),
    ):
        paid = bot.rows(
            f"SELECT viewer_id, sum(delta) FROM {ledger} AS paid GROUP BY viewer_id "
            f"HAVING sum(delta) <> ({viewer_has} WHERE has.viewer_id = paid.viewer_id)"
        )
        assert paid == [], f"{ledger} and the balances disagree"
