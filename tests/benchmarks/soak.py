"""Whether the bot grows or slows down: `python -m tests.benchmarks.soak [--minutes N] [--rate N]`.

One process on SQLite for 30 minutes, with 200 events a second, a redeem every two seconds, and three overlays that play
what they are told. Prints the memory (RSS, with the voice's child) and the wait for an answer to `!points` in each third of
the run, beside that for a bare echo over the same kind of socket: the speed of a machine that others use changes within
minutes. Goals: the last third takes at most 3 % more memory than the second, and as many echoes for an answer, within 10 %.
The exit code is 0 whatever the figures are.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

from websockets.exceptions import ConnectionClosed

from joystick.simulator.happenings import Happening, chat, follow, tip
from joystick.simulator.server import Simulator
from tests.benchmarks.embedded import percentile, show
from tests.benchmarks.load import line_to, memory, option
from tests.benchmarks.replying import answered as echoed
from tests.processes import ROOT, BotProcess, SimulatorThread, free_port, overlay_socket

# Seconds between two samples of the memory, and between two questions.
SAMPLE = 5.0
REDEEMS = ("!tts a line to be spoken", "!sound ding", "!spin")


class Player(threading.Thread):
    """An overlay's page that plays all it is told at once."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.played = url, 0

    def run(self) -> None:
        """Play until the bot ends."""
        with suppress(ConnectionClosed, OSError), overlay_socket(self.url) as socket:
            while True:
                frame = json.loads(socket.recv())
                if frame["type"] == "play":
                    self.played += 1
                    for kind in ("started", "finished"):
                        report = {"type": kind, "item": frame["item"], "attempt": frame["attempt"]}
                        socket.send(json.dumps(report))


def main() -> None:
    """Run, and print."""
    minutes, rate = option("--minutes", 30), option("--rate", 200)
    with (
        tempfile.TemporaryDirectory(prefix="pixelbot-benchmark-") as folder,
        SimulatorThread() as joystick,
        SimulatorThread() as other,
        subprocess.Popen([sys.executable, "-m", "tests.benchmarks.echoing", other.simulator.url], cwd=ROOT) as echo,
    ):
        other.wait_subscribed()
        bot = BotProcess(Path(folder), free_port(), COMMAND_COOLDOWN_SECONDS="0", **line_to(joystick)).start()
        joystick.wait_subscribed()
        players = [Player(bot.overlay_url) for _ in range(3)]
        for player in players:
            player.start()
        joystick.happen(*(tip(f"viewer{number}", 1_000_000) for number in range(50)))
        assert bot.process is not None
        samples, waits, echoes = [], [], []
        until = time.monotonic() + minutes * 60
        traffic = asyncio.run_coroutine_threadsafe(talk(joystick.simulator, rate), joystick.loop)
        while time.monotonic() < until:
            time.sleep(SAMPLE)
            echoes.append(other.call(echoed(other.simulator, 0)))
            waits.append(joystick.call(answered(joystick.simulator), within=60))
            samples.append(memory(bot.process.pid))
        traffic.cancel()
        stored = bot.one("SELECT count(*) FROM joystick_inboundevent")
        ended = bot.rows("SELECT state, count(*) FROM effects_queueitem GROUP BY state")
        bot.stop()
        echo.terminate()
    print(
        f"{minutes:g} minutes, {stored:,} events, items {dict(ended)}, played {[player.played for player in players]}"
    )
    thirds = [slice(len(samples) * part // 3, len(samples) * (part + 1) // 3) for part in range(3)]
    sizes = [median(samples[third]) for third in thirds]
    words = "; ".join(f"{size:.1f} MB" for size in sizes)
    show("memory of the last third, of the second", sizes[2] / sizes[1], "×", 1.03, words)
    slow = [(percentile(waits[third], 50), percentile(echoes[third], 50)) for third in thirds]
    words = "; ".join(
        f"{wait:.1f} ms (p99 {percentile(waits[third], 99):.1f}), an echo {bare:.1f} ms"
        for (wait, bare), third in zip(slow, thirds, strict=True)
    )
    of_echo = [wait / bare for wait, bare in slow]
    show("answers to !points in the last third, in echoes, of the second", of_echo[2] / of_echo[1], "×", 1.1, words)


async def talk(simulator: Simulator, rate: float) -> None:
    """Send so many events a second until cancelled: mostly lines, of people who come and go; a redeem every two seconds."""
    chooser, began = random.Random(7), time.monotonic()
    for number in itertools.count():
        await simulator.happen(happening(number, rate, chooser))
        ahead = began + (number + 1) / rate - time.monotonic()
        if ahead > 0:
            await asyncio.sleep(ahead)


def happening(number: int, rate: float, chooser: random.Random) -> Happening:
    """Return the event of that number."""
    if number % int(2 * rate) == 0:
        return chat(f"viewer{chooser.randrange(50)}", REDEEMS[number // int(2 * rate) % len(REDEEMS)])
    name = f"viewer{chooser.randrange(2_000)}"
    match number % 50:
        case 0:
            return follow(name)
        case 1 | 2:
            return tip(name, chooser.randrange(1, 60))
        case _:
            return chat(name, f"line {number} of a full chat")


async def answered(simulator: Simulator) -> float:
    """Return the milliseconds from a line with `!points` to its answer."""
    simulator.actions.clear()
    began = time.monotonic()
    await simulator.happen(chat("viewer1", "!points"))
    while not any("@viewer1" in action.get("text", "") for action in simulator.actions):
        simulator.acted.clear()
        await simulator.acted.wait()
    return (time.monotonic() - began) * 1000


if __name__ == "__main__":
    main()
