"""Both set-ups in one table: `python -m tests.benchmarks.load [--quick] [--events N] [part …]`.

One process on SQLite, and several on PostgreSQL and Redis: events a second beside raw SQLite and raw PostgreSQL, replies
beside a bare echo, overlays beside bare sockets, the memory of all processes of the bot after many events (N; 1,000,000
where not given), the start, and what a thousand times as many viewers cost. A Markdown table, as in
`docs/benchmarks.md`; the parts (rates, replies, overlays, running, growing) can be asked for alone. PostgreSQL waits for
the disk, as a new installation does. The exit code is 0 whatever the figures are.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import psutil

from joystick.simulator.happenings import chat, tip
from joystick.simulator.server import Simulator
from tests.benchmarks import crowd, economy, fan_out, raw, raw_postgres, replying
from tests.benchmarks.embedded import percentile
from tests.journeys.site import Scaled
from tests.processes import BotProcess, SimulatorThread, free_port, wait_until
from tests.servers import Postgres, running_postgres, running_redis

QUICK = "--quick" in sys.argv
EVENTS = 2_000 if QUICK else 60_000
ROUNDS = 1 if QUICK else 3
EVENINGS = 1 if QUICK else 5
CROWDS = (1_000, 2_000) if QUICK else (1_000, 1_000_000)
PARTS = ("rates", "replies", "overlays", "running", "growing")


@dataclass(frozen=True, slots=True)
class Rates:
    """Events a second of the inbox, and of the database alone."""

    ours: list[float]
    floor: list[float]

    def __str__(self) -> str:
        ours, floor = median(self.ours), median(self.floor)
        return f"**{ours / floor:.2f}** ({ours:,.0f}/s beside {floor:,.0f}/s)"


@dataclass(frozen=True, slots=True)
class Load:
    """The servers, a scratch folder, and a database with the bot's tables of each kind: a folder with SQLite's file, the
    name of PostgreSQL's. Each method that is a part prints its rows of the table.
    """

    server: Postgres
    redis: str
    folder: Path
    empty: Path
    prepared: str

    def rates(self) -> None:
        """Print events a second through the inbox, beside the database itself."""
        for scenario, words in economy.SCENARIOS.items():
            one, several = Rates([], []), Rates([], [])
            for _ in range(ROUNDS):
                with self.scratch("run") as run, self.scratch("raw") as bare:
                    one.ours.append(economy.receive(run, scenario, EVENTS, 0)["per_second"])
                    one.floor.append(EVENTS / raw.write_again(run / economy.FILE, bare / economy.FILE))
                url = self.database()
                several.ours.append(self.receive(scenario, url, 0)["per_second"])
                several.floor.append(EVENTS / raw_postgres.write_again(url, self.database()))
            row(f"events/s, {words}, ratio to the raw database", str(one), str(several))

    def replies(self) -> None:
        """Print how long `!points` waits for its answer, beside a bare echo."""
        count = 30 if QUICK else 300
        one = replying.measure(self.folder / "replies", count)
        url = self.database()
        settings = {"DATABASE_URL": url, "REDIS_URL": self.redis}
        commit = replying.Commits(url)
        several = replying.measure(self.folder / "scaled", count, "--listener-only", commit=commit, **settings)
        for both in zip(one, several, strict=True):
            when = f"at {both[0].load:,} events/s" if both[0].load else "idle"
            for share in (50, 99):
                cells = (beside(waits.replies, waits.echoes, share) for waits in both)
                row(f"`!points`, {when}, p{share}, ratio to a bare echo (on PostgreSQL with a commit)", *cells)

    def overlays(self) -> None:
        """Print how long a push to each of some overlays takes, beside bare sockets."""
        count = 10 if QUICK else 100
        for sockets in (1, 20) if QUICK else (1, 20, 200):
            one = fan_out.measure(self.folder / f"fan-{sockets}", sockets, count)[:2]
            with self.site(OVERLAY_SOCKETS_MAX=str(sockets)) as site:
                several = fan_out.measure_scaled(site, sockets, count)
            cells = (beside(pushes, bare, 50) for pushes, bare in (one, several))
            row(f"a push to {sockets} overlays, p50, ratio to bare sockets", *cells)

    def running(self) -> None:
        """Print how much memory all processes take after many events, and the start."""
        with SimulatorThread() as joystick:
            settings = line_to(joystick)
            bot = BotProcess(self.folder / "running", free_port(), **settings)
            bot.start().stop()  # the tables are made
            joystick.simulator.subscribed.clear()
            began = time.monotonic()
            bot.start()
            joystick.wait_subscribed()
            took = time.monotonic() - began
            send(joystick, lambda: int(bot.one("SELECT count(*) FROM joystick_inboundevent")))
            assert bot.process is not None
            one = f"{memory(bot.process.pid):,.0f} MB; {took:.1f} s"
            bot.stop()
        with SimulatorThread() as joystick:
            began = time.monotonic()
            with self.site(**line_to(joystick)) as site:
                site.start("manage.py", "runbot", "--listener-only")
                site.start("-m", "celery", "-A", "pixelbot_site", "worker", "-B", "--concurrency", "2")
                joystick.wait_subscribed()
                took = time.monotonic() - began
                send(joystick, lambda: int(site.ask("SELECT count(*) FROM joystick_inboundevent")))
                several = f"{sum(memory(process.pid) for process in site.processes):,.0f} MB; {took:.1f} s"
        row("memory of all processes after the events; start", one, several)

    def growing(self) -> None:
        """Print the rate on a database of many viewers, ratio to few, where every event pays; then how long the
        dashboard's lists, a batch for everybody and the audit take there.
        """
        with ExitStack() as kept:
            crowds = [self.crowd(kept, viewers) for viewers in CROWDS]
            one: list[list[dict[str, float]]] = [[], []]
            several: list[list[dict[str, float]]] = [[], []]
            for evening in reversed(range(EVENINGS)):
                # In turn: the speed of a machine that others use changes within minutes.
                for place, (viewers, run, url) in enumerate(crowds):
                    forget_pages()
                    one[place].append(economy.receive(run, "pays", EVENTS, viewers, evenings_ago=evening))
                    forget_pages()
                    several[place].append(self.receive("pays", url, viewers, evenings_ago=evening))
            row(f"events/s with {CROWDS[1]:,} viewers, ratio to {CROWDS[0]:,}", grown(one), grown(several))
            _, run, url = crowds[-1]
            looks = looked(run), looked(self.folder / "scaled", DATABASE_URL=url)
            row(f"lists with {CROWDS[1]:,} viewers (median, the slowest of all); batch for all; audit", *looks)

    def crowd(self, kept: ExitStack, viewers: int) -> tuple[int, Path, str]:
        """Return how many viewers, the folder of a SQLite database and the URL of a PostgreSQL database with them."""
        run, url = kept.enter_context(self.scratch(f"crowd-{viewers}")), self.database()
        crowd.fill(run / economy.FILE, viewers)
        crowd.fill_postgres(url, viewers)
        return viewers, run, url

    def scratch(self, name: str) -> economy.copy_of:
        """Return a copy of the empty SQLite database, for a block."""
        return economy.copy_of(self.empty, self.folder / name)

    def database(self) -> str:
        """Return the URL of a new PostgreSQL database with the bot's tables."""
        return self.server.new_database(like=self.prepared)

    def receive(self, scenario: str, url: str, viewers: int, *, evenings_ago: int = 0) -> dict[str, float]:
        """Run the inbox on the database at `url`."""
        folder = self.folder / "scaled"
        return economy.receive(folder, scenario, EVENTS, viewers, evenings_ago=evenings_ago, DATABASE_URL=url)

    @contextmanager
    def site(self, **settings: str) -> Iterator[Scaled]:
        """Run the web server of a set-up of several processes; end all that the block starts beside it."""
        site = Scaled(
            self.folder / "scaled",
            free_port(),
            {"DATABASE_URL": self.database(), "REDIS_URL": self.redis, **settings},
        )
        site.start("-m", "daphne", "-b", "127.0.0.1", "-p", str(site.port), "pixelbot_site.asgi:application")
        try:
            wait_until(site.serves, "daphne serves", within=60)
            yield site
        finally:
            site.kill()


def main() -> None:
    """Measure and print."""
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores\n")
    print("| what | one process | several processes |\n|---|---|---|", flush=True)
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres(is_safe=True))
        redis = stack.enter_context(running_redis()).url
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixelbot-benchmark-")))
        url = server.new_database()
        load = Load(server, redis, folder, folder / "empty", urlsplit(url).path.removeprefix("/"))
        economy.in_process(load.empty, "-c", economy.SET_UP)
        economy.in_process(load.empty, "-c", economy.SET_UP, DATABASE_URL=url)
        for part in [name for name in PARTS if name in sys.argv] or PARTS:
            getattr(load, part)()


def row(what: str, *cells: str) -> None:
    """Print a row of the table."""
    print("| " + " | ".join((what, *cells)) + " |", flush=True)


def beside(ours: list[float], floor: list[float], share: float) -> str:
    """Say the ratio of two lists of milliseconds at so many percent, and both."""
    took, bare = percentile(ours, share), percentile(floor, share)
    return f"**{took / bare:.1f}** ({took:.2f} ms beside {bare:.2f} ms)"


def forget_pages() -> None:
    """Have all that was written on the disk and, where this may be said (Linux, as root), nothing of it in memory."""
    os.sync()
    with suppress(OSError):
        Path("/proc/sys/vm/drop_caches").write_text("3", encoding="ascii")


def grown(runs: list[list[dict[str, float]]]) -> str:
    """Say the ratio of many viewers to few, from a cold start and once all is settled: the median of the evenings'."""
    few, many = runs
    cold, settled = (
        median(of_many[what] / of_few[what] for of_few, of_many in zip(few, many, strict=True))
        for what in ("per_second", "settled")
    )
    rates = [median(run["per_second"] for run in of_crowd) for of_crowd in runs]
    return f"cold start included **{cold:.2f}** ({rates[1]:,.0f}/s beside {rates[0]:,.0f}/s); settled **{settled:.2f}**"


def looked(folder: Path, **settings: str) -> str:
    """Say how long the pages of the dashboard, a batch and the audit take on a database."""
    took: dict[str, float] = json.loads(economy.in_process(folder, "-m", "tests.benchmarks.browsing", **settings))
    whole = f"{took.pop('batch'):.1f} s; {took.pop('audit'):.1f} s"
    slowest = max(took, key=took.__getitem__)
    return f"{median(took.values()) * 1000:.0f} ms, {slowest} {took[slowest] * 1000:.0f} ms; {whole}"


def line_to(joystick: SimulatorThread) -> dict[str, str]:
    """Return the settings that connect a bot with the simulator."""
    return {"JOYSTICK_GATEWAY_URL": joystick.simulator.url, "JOYSTICK_GATEWAY_TOKEN": "x", "LOG_LEVEL": "ERROR"}


def send(joystick: SimulatorThread, stored: Callable[[], int]) -> None:
    """Send the events as quickly as they are taken, and wait until all are stored."""
    count = int(option("--events", 2_000 if QUICK else 1_000_000))
    joystick.call(crowd_talks(joystick.simulator, count), within=3_600)
    wait_until(lambda: stored() >= count, "all is stored", within=600)


def option(name: str, default: float) -> float:
    """Return the number behind `name` among the arguments."""
    return float(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


async def crowd_talks(simulator: Simulator, count: int) -> None:
    """Send `count` events of 500 people: nine lines, then a tip."""
    for number in range(count):
        name = f"viewer{number % 500}"
        await simulator.happen(tip(name, 10) if number % 10 == 9 else chat(name, f"line {number} of a full chat"))


def memory(pid: int) -> float:
    """Return the megabytes of a process and of all its children."""
    process = psutil.Process(pid)
    total: int = sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
    return total / 1e6


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    main()
