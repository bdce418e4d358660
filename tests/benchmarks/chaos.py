"""The larger set-up while it is killed: `python -m tests.benchmarks.chaos [--kills N] [--seed N]`.

Two listeners, two web servers, two workers and the schedule, on a PostgreSQL and a Redis of their own. 300 times one of
them is killed (SIGKILL) and started again, or PostgreSQL or Redis is restarted, while events come, redeems are bought and
an overlay plays. Prints how long it took after each until all was back: a new event was paid, both web servers answered,
and, where a worker, the schedule or a server was hit, a task went from the schedule to a worker. Six times all processes
of a kind stay dead until the dashboard shows a red line that was not there before. At the end, what the books say:

- every stored event is one that the platform sent, and is paid once; those that were never stored were on their way to a
  listener when it was killed, since the platform repeats nothing;
- every purchase has its item, which has ended, and its points went back exactly when it did not happen;
- the audit of the ledger finds nothing.

Meanwhile each item that has not ended is looked at, twice a second: none may be open LATE seconds after its deadline. That
of one that waits is when it expires; of one that runs, when its lease ends, and at the latest when all that it may take
is over.

The exit code is 1 where the books are wrong, an item is late, or a red line did not come or go, and 0 whatever the other
times are.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import OpenerDirector

import psycopg

from joystick.simulator.happenings import chat, started, tip
from tests.benchmarks import economy
from tests.benchmarks.embedded import percentile
from tests.benchmarks.load import line_to, option
from tests.benchmarks.soak import Player
from tests.journeys.site import ADMIN_PASSWORD, Scaled
from tests.processes import SimulatorThread, free_port, wait_until
from tests.servers import running_postgres, running_redis

# Seconds: all is to be back within the first, a red line there within the second and gone within the third.
BACK, RED, GONE = 30, 60, 60
# Seconds after its deadline by which an item has ended, or begun anew.
LATE = 15
OUTAGES = 6
LEFT_DEAD = ("listener", "worker", "schedule")
WEIGHTS = {"listener": 6, "web": 4, "worker": 6, "schedule": 2, "redis": 2, "postgres": 1}
ENDED = "('done', 'failed', 'expired', 'skipped', 'cancelled', 'rejected')"


class Watch:
    """How late items are. `look` at them again and again, in one thread."""

    # All that one may take: its effect's deadline, the lease of a worker that dies then, and its time on the overlays.
    QUERY = """
        SELECT id, kind, state, extract(epoch FROM now() - CASE WHEN state = 'running'
            THEN least(lease_until, started_at + interval '1 second' * (30 + 12 + 6 + overlay_seconds))
            ELSE expires_at END) AS late
        FROM effects_queueitem WHERE state IN ('running', 'pending', 'waiting')
    """

    def __init__(self, database: str) -> None:
        self._database = database
        self.looks, self.worst, self._began = 0, 0.0, time.monotonic()
        self.late: dict[int, str] = {}

    def look(self) -> None:
        """Look once, unless the database is away."""
        with suppress(psycopg.OperationalError), psycopg.connect(self._database, connect_timeout=5) as database:
            for pk, kind, state, late in database.execute(self.QUERY):
                self.worst = max(self.worst, float(late or 0))
                if late is not None and late > LATE:
                    self.late[pk] = f"item {pk}, {kind}, is {state} {late:.1f} s after its deadline"
            self.looks += 1

    def told(self) -> list[str]:
        """Print how late items were at most; return what is wrong with that."""
        print(f"the longest that an item was open after its deadline: {self.worst:.1f} s, by {self.looks:,} looks")
        # While PostgreSQL is restarted, some fail; if most do, nothing was looked at.
        seconds = time.monotonic() - self._began
        too_few = [f"only {self.looks:,} looks in {seconds:.0f} s"] if self.looks < seconds / 4 else []
        return [*self.late.values(), *too_few]


class Site:
    """The processes of the set-up by their names, and what is done to them."""

    def __init__(self, scaled: Scaled, ports: tuple[int, int]) -> None:
        celery = ("-m", "celery", "-A", "pixelbot_site")
        self.scaled, self.ports = scaled, ports
        self.commands: dict[str, tuple[str, ...]] = {
            **{f"listener {n}": ("manage.py", "runbot", "--listener-only") for n in (1, 2)},
            **{
                f"web {n}": ("-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "pixelbot_site.asgi:application")
                for n, port in enumerate(ports, 1)
            },
            **{f"worker {n}": (*celery, "worker", "--concurrency", "2", "-n", f"w{n}@here") for n in (1, 2)},
            "schedule": (*celery, "beat", "--schedule", str(Path(scaled.environment["DATA_DIR"]) / "beat")),
        }
        self.running: dict[str, subprocess.Popen[str]] = {}
        self.left_dead: set[str] = set()  # killed, and not started again yet
        self.ended_alone: Counter[str] = Counter()
        self._browser: OpenerDirector | None = None

    def start(self, name: str) -> None:
        """Start one of them."""
        self.running[name] = self.scaled.start(*self.commands[name])
        self.left_dead.discard(name)  # afterwards, so that nobody else finds the one before and starts it, too

    def kill(self, name: str) -> None:
        """Kill one of them; a worker with its children."""
        self.left_dead.add(name)
        process = self.running[name]
        if name.startswith("worker"):
            subprocess.run(["pkill", "-KILL", "-P", str(process.pid)], check=False)
        process.kill()
        process.wait()

    def start_what_ended(self) -> None:
        """Start again what ended by itself, as systemd does."""
        for name, process in list(self.running.items()):
            if process.poll() is not None and name not in self.left_dead:
                self.ended_alone[name.split()[0]] += 1
                self.start(name)

    def of_kind(self, kind: str) -> list[str]:
        """Return the names of the processes of a kind."""
        return [name for name in self.commands if name.startswith(kind)]

    def red_lines(self) -> set[str]:
        """Return the sentences that the dashboard shows in red."""
        self._browser = self._browser or self.scaled.log_in()
        with self._browser.open(f"http://127.0.0.1:{self.ports[0]}/admin/api/health", timeout=30) as answer:
            return set(json.loads(answer.read())["troubles"])

    def pulse(self) -> object:
        """Return when a task last went from the schedule to a worker."""
        return self.scaled.ask("SELECT at FROM pixelbot_site_heartbeat WHERE name = 'round trip'")


def main() -> None:
    """Run, print, and judge."""
    kills, chance = int(option("--kills", 300)), random.Random(int(option("--seed", 7)))
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres(is_safe=True))
        redis = stack.enter_context(running_redis())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixelbot-chaos-")))
        joystick = stack.enter_context(SimulatorThread())
        url = server.new_database()
        economy.in_process(folder, "-c", economy.SET_UP, DATABASE_URL=url, ADMIN_PASSWORD=ADMIN_PASSWORD)
        ports = (free_port(), free_port())
        settings = {
            **line_to(joystick),
            "DATABASE_URL": url,
            "REDIS_URL": redis.url,
            "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings",
            "TTS_COOLDOWN_SECONDS": "0",
        }
        site = Site(Scaled(folder, ports[0], settings), ports)
        for name in site.commands:
            site.start(name)
            stack.callback(site.kill, name)
        wait_until(site.scaled.serves, "the pages are served", within=60)
        joystick.wait_subscribed()
        joystick.happen(started(), *(tip(f"viewer{number}", 100_000) for number in range(10)))
        stack.enter_context(played(site.scaled))
        times: dict[str, list[float]] = {}
        faults: list[str] = []
        stack.enter_context(repeated(1, site.start_what_ended))
        watch = Watch(url)
        stack.enter_context(repeated(0.5, watch.look))
        with traffic(joystick, random.Random(11)):
            for number in range(kills):
                time.sleep(chance.uniform(0.5, 2.0))
                kind = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
                before = site.pulse()
                if kind == "redis":
                    redis.stop()
                    redis.start()
                elif kind == "postgres":
                    server.restart()
                else:
                    name = chance.choice(site.of_kind(kind))
                    site.kill(name)
                    site.start(name)
                try:
                    took = until_back(site, joystick, kind, f"probe{number}", before)
                except AssertionError:
                    print(f"after kill {number}, of a {kind}, this was said last:", *site.scaled.output[-50:], sep="\n")
                    raise
                times.setdefault(kind, []).append(took)
                if took > BACK:
                    print(f"after kill {number} of {kind}: {took:.1f} s", flush=True)
                outage, since = divmod(number, max(kills // OUTAGES, 1))
                if since == 0:
                    faults += missed(site, LEFT_DEAD[outage % len(LEFT_DEAD)])
        report(times)
        print(f"ended by themselves, and were started again: {dict(site.ended_alone)}")
        faults += judge(site.scaled, joystick)
        faults += watch.told()
    print("\n".join(faults) or "the books are right")
    sys.exit(bool(faults))


def until_back(site: Site, joystick: SimulatorThread, kind: str, name: str, pulse: object) -> float:
    """Return the seconds until an event is paid, the pages are served and, after what it needs was hit, a task was done.

    `pulse`: `Site.pulse` of before.
    """
    began = time.monotonic()
    until_paid(site.scaled, joystick, name)
    for port in site.ports:
        wait_until(partial(site.scaled.serves, port), "the pages are served", within=180)
    if kind not in ("listener", "web"):
        wait_until(lambda: site.pulse() != pulse, "a worker does what the schedule sends", within=180)
    return time.monotonic() - began


def missed(site: Site, kind: str) -> list[str]:
    """Kill all processes of a kind, and start them once the dashboard shows it; return what was wrong with that."""
    assert within(GONE, lambda: not site.red_lines()), site.red_lines()
    for name in site.of_kind(kind):
        site.kill(name)
    faults, began = [], time.monotonic()
    if seen := within(RED, site.red_lines):
        print(f"without a {kind}, red after {time.monotonic() - began:.1f} s: {'; '.join(seen)}", flush=True)
    else:
        faults.append(f"no red line {RED} s after each {kind} died")
    for name in site.of_kind(kind):
        site.start(name)
    began = time.monotonic()
    if within(GONE, lambda: not site.red_lines()):
        print(f"gone {time.monotonic() - began:.1f} s after the start", flush=True)
    else:
        faults.append(f"a red line {GONE} s after each {kind} was started: {site.red_lines()}")
    return faults


def within(seconds: float, condition: Callable[[], Any]) -> Any:
    """Call `condition` once a second until its answer is true; return that, or what it was after so many seconds."""
    until = time.monotonic() + seconds
    while not (answer := condition()) and time.monotonic() < until:
        time.sleep(1)  # the API answers so often, and no oftener
    return answer


def until_paid(site: Scaled, joystick: SimulatorThread, name: str) -> float:
    """Return the seconds until a tip of somebody new is paid; told again each second, as new, until it is."""
    began = time.monotonic()
    for turn in itertools.count():
        with suppress(TimeoutError):
            joystick.call(joystick.simulator.happen(tip(name, 1)))
        until = time.monotonic() + 1
        while time.monotonic() < until:
            with suppress(psycopg.Error):
                if site.ask(f"SELECT count(*) FROM economy_viewer WHERE key = '{name}'"):
                    return time.monotonic() - began
            time.sleep(0.05)
        assert turn < 180, f"nothing is paid any more, {turn} s after the last kill"
    raise AssertionError


@contextmanager
def played(site: Scaled) -> Iterator[None]:
    """Play on the overlay, and open it again when its web server was killed."""
    url = site.overlay_url
    with repeated(0.2, lambda: Player(url).run(), wait=False):
        yield


@contextmanager
def repeated(seconds: float, step: Callable[[], object], *, wait: bool = True) -> Iterator[None]:
    """Call `step` again and again in a thread, with so many seconds between; at the end, `wait` for the last call."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(seconds):
            step()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join() if wait else None


@contextmanager
def traffic(joystick: SimulatorThread, chooser: random.Random) -> Iterator[None]:
    """Send twenty events a second: lines, tips, and purchases."""
    numbers = itertools.count()

    def happen() -> None:
        number = next(numbers)
        who = f"viewer{chooser.randrange(10)}"
        roll = chooser.random()
        what = tip(who, chooser.randrange(1, 90)) if roll < 0.4 else chat(who, f"line {number}")
        if roll > 0.9:
            what = chat(who, chooser.choice(("!tts a line", "!sound ding", "!spin")))
        with suppress(TimeoutError):
            joystick.happen(what)

    with repeated(0.05, happen):
        yield


def report(times: dict[str, list[float]]) -> None:
    """Print how long it took, by what was killed."""
    print("| killed or restarted | times | until all was back, p50 | longest |\n|---|---|---|---|")
    for kind, found in sorted(times.items()):
        print(f"| {kind} | {len(found)} | {percentile(found, 50):.1f} s | {max(found):.1f} s |")


def judge(site: Scaled, joystick: SimulatorThread) -> list[str]:
    """Wait until all has ended; return what is wrong with the books."""
    time.sleep(3)
    open_items = f"SELECT count(*) FROM effects_queueitem WHERE state NOT IN {ENDED}"
    with suppress(AssertionError):
        wait_until(lambda: site.ask(open_items) == 0, "all items have ended", within=120)
    sent = dict(joystick.simulator.delivered)
    with psycopg.connect(site.database) as database:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return database.execute(query).fetchall()

        stored = {uid for (uid,) in rows("SELECT uid FROM joystick_inboundevent")}
        paid = rows("SELECT event, sum(delta), count(*) FROM economy_transaction WHERE source = 'tip' GROUP BY event")
        states = Counter(dict(rows("SELECT state, count(*) FROM effects_queueitem GROUP BY state")))
        tips = {uid: one.data["how_much"] for uid, one in sent.items() if one.kind == "tipped"}
        faults = [f"{uid} was never sent" for uid in stored - set(sent)]
        faults += [f"{uid} was paid {count} times" for uid, _, count in paid if count != 1]
        faults += [f"{uid}: {delta} for {tips.get(uid)}" for uid, delta, _ in paid if delta != tips.get(uid)]
        faults += [f"{uid} was stored and not paid" for uid in stored & set(tips) - {uid for uid, _, _ in paid}]
        faults += [
            f"event {uid}: {error}"
            for uid, error in rows("SELECT uid, error FROM joystick_inboundevent WHERE state <> 'handled'")
        ]
        faults += [
            f"purchase {pk}: {state} with {refunds} refunds"
            for pk, state, refunds in rows(
                "SELECT p.id, (SELECT state FROM effects_queueitem i WHERE i.purchase_id = p.id ORDER BY i.id DESC LIMIT 1), "
                "(SELECT count(*) FROM economy_transaction t WHERE t.undoes_id = p.payment_id) FROM effects_purchase p "
                "WHERE p.payment_id IS NOT NULL"
            )
            if refunds != (0 if state == "done" else 1)
        ]
    audit = site.start("manage.py", "audit_ledger")
    if audit.wait(120):
        faults.append("the audit found something")
    lost = len(set(sent) - stored)
    print(f"{len(sent):,} events sent, {len(stored):,} stored, {lost} were on their way to a listener that was killed")
    print(f"items: {dict(states)}")
    return faults


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    main()
