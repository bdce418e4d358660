"""How soon the bot answers `!points`: `python -m tests.benchmarks.replying [--quick] [--scaled]`.

From the moment the simulated Joystick sends the line until it has the answer; beside a bare echo over the same kind of
socket, in the same run, alternating. With `--scaled` the bot is a listener on PostgreSQL and Redis, and beside it is the
echo with one commit: SQLite as we set it waits for no disk, PostgreSQL does.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg

from joystick.simulator.happenings import chat, tip
from joystick.simulator.server import Simulator
from tests.benchmarks import economy
from tests.benchmarks.embedded import percentile, show
from tests.processes import ROOT, BotProcess, SimulatorThread, free_port
from tests.servers import running_postgres, running_redis

# The bot leaves 100 ms between two actions, so that a server keeps their order: asked sooner, it would wait for that.
PAUSE = 0.12
LOAD = 1000  # events a second


@dataclass(frozen=True, slots=True)
class Waits:
    """Milliseconds of replies and of bare echoes (with a commit, where one was asked for), among so many events a second."""

    load: int
    replies: list[float]
    echoes: list[float]

    def ratio(self, share: float) -> float:
        """Return how many times as long as an echo a reply takes, of the slowest among `share` percent."""
        return percentile(self.replies, share) / percentile(self.echoes, share)


def main() -> None:
    """Measure and print."""
    count = 8 if "--quick" in sys.argv else 300
    with tempfile.TemporaryDirectory(prefix="pixelbot-benchmark-") as folder, ExitStack() as stack:
        if "--scaled" in sys.argv:
            servers = {
                "DATABASE_URL": stack.enter_context(running_postgres(is_safe=True)).new_database(),
                "REDIS_URL": stack.enter_context(running_redis()).url,
            }
            economy.in_process(Path(folder), "-c", economy.SET_UP, **servers)
            found = measure(Path(folder), count, "--listener-only", commit=Commits(servers["DATABASE_URL"]), **servers)
        else:
            found = measure(Path(folder), count)
    for waits in found:
        when = f"at {waits.load} events/s" if waits.load else "idle"
        for share, goal in ((50, 3.0), (99, 6.0)):
            more = f"{percentile(waits.replies, share):.2f} ms beside {percentile(waits.echoes, share):.2f} ms"
            show(f"reply to !points, {when}, p{share}, of a bare echo", waits.ratio(share), "×", goal, more)


class Commits:
    """One row and its commit, in a table of its own, again and again."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("CREATE TABLE benchmark_commit (number int)")

    def __call__(self) -> float:
        """Return the milliseconds of one."""
        began = time.monotonic()
        self._connection.execute("INSERT INTO benchmark_commit VALUES (1)")
        return (time.monotonic() - began) * 1000


def measure(
    folder: Path, count: int, *options: str, commit: Callable[[], float] = lambda: 0.0, **settings: str
) -> list[Waits]:
    """Ask the bot and the echo in turn, when nothing else happens and then among LOAD events a second."""
    found = []
    with SimulatorThread() as joystick, SimulatorThread() as other:
        bot = BotProcess(
            folder,
            free_port(),
            *options,
            JOYSTICK_GATEWAY_URL=joystick.simulator.url,
            JOYSTICK_GATEWAY_TOKEN="x",
            COMMAND_COOLDOWN_SECONDS="0",
            LOG_LEVEL="WARNING",
            **settings,
        )
        bot.start(ready="" if options else "Stop with Ctrl-C")
        command = [sys.executable, "-m", "tests.benchmarks.echoing", other.simulator.url]
        with subprocess.Popen(command, cwd=ROOT, env=os.environ.copy()) as echo:
            joystick.wait_subscribed()
            other.wait_subscribed()
            joystick.happen(tip("Bob", 5))
            for load in (0, LOAD):
                joystick.call(events(joystick.simulator, load, 1.0))  # the crowd has been seen before
                waits = Waits(load, [], [])
                for _ in range(count):
                    waits.echoes.append(other.call(answered(other.simulator, load)) + commit())
                    waits.replies.append(joystick.call(answered(joystick.simulator, load)))
                found.append(waits)
            echo.terminate()
        bot.stop()
    return found


async def answered(simulator: Simulator, load: int) -> float:
    """Return the milliseconds from a line with `!points` to the answer, after PAUSE seconds among `load` events."""
    await events(simulator, load, PAUSE)
    simulator.actions.clear()
    began = time.monotonic()
    await simulator.happen(chat("Bob", "!points"))
    rest = asyncio.create_task(events(simulator, load, 0.02))
    while not any("points" in action["text"] for action in simulator.actions):
        simulator.acted.clear()
        await simulator.acted.wait()
    took = (time.monotonic() - began) * 1000
    await rest
    return took


async def events(simulator: Simulator, load: int, seconds: float) -> None:
    """Send chat lines of a crowd, `load` a second, for `seconds`."""
    until = time.monotonic() + seconds
    number = 0
    while (left := until - time.monotonic()) > 0:
        if load:
            await simulator.happen(chat(f"viewer{number % 500}", "hello everybody"))
            number += 1
        await asyncio.sleep(min(left, 1 / load) if load else left)


if __name__ == "__main__":
    main()
