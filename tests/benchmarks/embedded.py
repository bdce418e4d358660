"""How quick and small the bot in one process is: `python -m tests.benchmarks.embedded [--quick]`.

Every figure stands beside its goal, and the push also beside a bare TCP socket measured in the same run: these
machines differ, ratios less so. The exit code is 0 whatever the figures are.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from joystick.simulator.happenings import chat, tip
from tests.processes import BotProcess, SimulatorThread, free_port, overlay_socket, wait_until

# A benchmark's item in a frame: it holds no other object.
PLAY = re.compile(rb'\{[^{}]*"show": "benchmark"[^{}]*\}')
MARK = "on its way for "
"""What `tests.benchmarks.stamping` prints before each of its figures."""


def main() -> None:
    """Measure and print."""
    quick = "--quick" in sys.argv
    starts, count = (1, 30) if quick else (7, 1000)
    with tempfile.TemporaryDirectory(prefix="pixelbot-benchmark-") as folder:
        data = Path(folder) / "data"  # one for all: its first start takes many times as long as another
        starting(data, starts)
        pushing(data, count)
        sounding(data, 8 if quick else 300)
        stopping(data, 1 if quick else 4)


def show(what: str, figure: float, unit: str, goal: float, more: str = "") -> None:
    """A line: what, figure, goal."""
    verdict = "met" if figure <= goal else "MISSED"
    print(f"{what:<58} {figure:8.2f} {unit:<3} goal ≤ {goal:g} {unit} {verdict:<7} {more}", flush=True)


def starting(folder: Path, times: int) -> None:
    """From the process's start to the first accepted websocket, and the memory it then has."""
    bot = BotProcess(folder, free_port())
    bot.start().stop()  # the first-time migration is not part of it
    seconds, megabytes = [], []
    for _ in range(times):
        began = time.monotonic()
        bot.start()
        with overlay_socket(bot.overlay_url):
            seconds.append(time.monotonic() - began)
        assert bot.process is not None
        megabytes.append(psutil.Process(bot.process.pid).memory_info().rss / 1e6)
        bot.stop()
    show("start to an accepted websocket, median", percentile(seconds, 50), "s", 2.0, f"max {max(seconds):.2f}")
    show("memory (RSS) after the start, max", max(megabytes), "MB", 150)


def pushing(folder: Path, count: int) -> None:
    """From a worker's thread to an overlay's socket; from a commit to the task that it wakes."""
    raw_port = free_port()
    bot = BotProcess(folder, free_port(), DJANGO_SETTINGS_MODULE="pixelbot_site.settings")
    bot.command = [sys.executable, "-m", "tests.benchmarks.pushing", str(bot.port), str(raw_port), str(count)]
    bot.start()
    with sqlite3.connect(folder / "pixelbot.sqlite3") as database:
        secret = database.execute("SELECT secret FROM effects_overlay").fetchone()[0]
    database.close()
    pushes, starts = [], []
    # Both are read as a bare socket: a client of a library would be measured, too.
    with connected(raw_port) as bare, connected(bot.port) as overlay, ThreadPoolExecutor(1) as beside:
        reading = beside.submit(raw_latencies, bare, count)
        overlay.sendall(greeting(secret, bot.port))
        for at, frame in islice(plays(overlay), count):
            pushes.append((at - frame["sent_at"]) * 1000)
            starts.append((frame["began_at"] - frame["committed_at"]) * 1000)
        raw = reading.result()
    assert bot.process is not None
    megabytes = psutil.Process(bot.process.pid).memory_info().rss / 1e6
    bot.stop()
    ratio = percentile(pushes, 50) / percentile(raw, 50)
    show("push from a worker's thread to an overlay's socket, p99", percentile(pushes, 99), "ms", 5)
    more = f"{percentile(pushes, 50):.3f} ms beside {percentile(raw, 50):.3f} ms"
    show("the same, p50, ratio to a bare TCP socket", ratio, "×", 8, more)
    spread, bare_spread = (percentile(found, 99) / percentile(found, 50) for found in (pushes, raw))
    show("the same, p99, ratio to its p50", spread, "×", 5, f"bare {bare_spread:.1f}")
    show(
        "commit to the start of the Celery task, p99",
        percentile(starts, 99),
        "ms",
        20,
        f"p50 {percentile(starts, 50):.2f}",
    )
    show(f"memory (RSS) after {count} tasks and pushes", megabytes, "MB", 150)


def sounding(folder: Path, count: int) -> None:
    """From a chat line with `!sound` to the overlay's frame: inside of the bot, and between the sockets of others."""
    latencies = []
    with SimulatorThread() as joystick:
        bot = BotProcess(
            folder,
            free_port(),
            JOYSTICK_GATEWAY_URL=joystick.simulator.url,
            JOYSTICK_GATEWAY_TOKEN="x",
            LOG_LEVEL="ERROR",
            DJANGO_SETTINGS_MODULE="pixelbot_site.settings",
        )
        bot.command[1:2] = ["-m", "tests.benchmarks.stamping"]
        bot.start()
        joystick.wait_subscribed()
        with sqlite3.connect(folder / "pixelbot.sqlite3", timeout=10) as database:
            database.execute("UPDATE redeems_redeem SET cooldown_seconds = 0")
        database.close()
        joystick.happen(tip("Bob", 10**6))
        with overlay_socket(bot.overlay_url) as overlay:
            for _ in range(count):
                began = time.monotonic()
                joystick.happen(chat("Bob", "!sound ding"))
                while (frame := json.loads(overlay.recv(timeout=20))).get("show") != "sound":
                    pass
                latencies.append((time.monotonic() - began) * 1000)
                for kind in ("started", "finished"):
                    overlay.send(json.dumps({"type": kind, "item": frame["item"], "attempt": frame["attempt"]}))
                while json.loads(overlay.recv(timeout=20))["type"] != "done":
                    pass
                time.sleep(0.01)  # else it sends more reports than a page may in a second
        bot.stop()
    inside = [float(line.removeprefix(MARK)) for line in bot.text().splitlines() if line.startswith(MARK)]
    assert len(inside) == count
    show("chat line with !sound received → overlay's frame sent, p50", percentile(inside, 50), "ms", 10)
    show("the same, p99", percentile(inside, 99), "ms", 30, f"max {max(inside):.2f}, n {count}")
    outside = f"p50 {percentile(latencies, 50):.2f} ms, p99 {percentile(latencies, 99):.2f} ms"
    print(f"{'':<58} from Joystick's sending to the overlay's receiving: {outside}")


def greeting(secret: str, port: int) -> bytes:
    """Return what asks for an overlay's websocket, as a page that only has a look."""
    return (
        f"GET /overlay/{secret}/socket/?preview=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def plays(overlay: socket.socket) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield when each item that `tests.benchmarks.pushing` sends arrived, and the item."""
    while data := overlay.recv(65_536):
        at = time.monotonic()
        yield from ((at, json.loads(text)) for text in PLAY.findall(data))


def raw_latencies(client: socket.socket, count: int) -> list[float]:
    """Return the milliseconds from a thread of another process to the bare socket."""
    latencies = []
    with client.makefile("rb") as stream:
        for _ in range(count):
            sent_at = struct.unpack("d", stream.read(8))[0]
            latencies.append((time.monotonic() - sent_at) * 1000)
    return latencies


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """A TCP connection, as soon as somebody listens."""

    def attempt() -> socket.socket | None:
        try:
            return socket.create_connection(("127.0.0.1", port), 1)
        except ConnectionRefusedError:
            return None

    client: socket.socket = wait_until(attempt, "the raw server listens")
    client.settimeout(20)
    with client:
        yield client


def stopping(folder: Path, times: int) -> None:
    """SIGINT and SIGTERM, idle and with an item on the overlay."""
    seconds, codes, tracebacks = [], set(), 0
    with SimulatorThread() as joystick:
        for turn in range(2 * times):
            joystick.simulator.subscribed.clear()
            bot = BotProcess(
                folder,
                free_port(),
                JOYSTICK_GATEWAY_URL=joystick.simulator.url,
                JOYSTICK_GATEWAY_TOKEN="x",
                TTS_COOLDOWN_SECONDS="0",
            ).start()
            joystick.wait_subscribed()
            with overlay_socket(bot.overlay_url) as overlay:
                if turn >= times:
                    joystick.happen(tip("Bob", 25), chat("Bob", "!tts a line that is playing"))
                    while json.loads(overlay.recv(timeout=10)).get("show") != "speak":
                        pass
                code, took = bot.stop((signal.SIGINT, signal.SIGTERM)[turn % 2])
            seconds.append(took)
            codes.add(code)
            tracebacks += "Traceback" in bot.text()
    show("SIGINT/SIGTERM to the end, max", max(seconds), "s", 2.0, f"exit codes {codes}, tracebacks {tracebacks}")


def percentile(values: list[float], share: float) -> float:
    """The value that `share` percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))]


if __name__ == "__main__":
    main()
