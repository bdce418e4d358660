"""The larger set-up while it is killed: `python -m tests.benchmarks.chaos [--kills N] [--seed N]`.

Two listeners, two web servers, two workers and the schedule, on a PostgreSQL and a Redis of their own. 300 times one of
them is killed (SIGKILL) and started again, or PostgreSQL or Redis is restarted, while events come, redeems are bought and
an overlay plays. Prints how long it took after each until a new event was paid, and at the end what the books say:

- every stored event is one that the platform sent, and is paid once; those that were never stored were on their way to a
  listener when it was killed, since the platform repeats nothing;
- every purchase has its item, which has ended, and its points went back exactly when it did not happen;
- the audit of the ledger finds nothing.

The exit code is 1 where the books are wrong, and 0 whatever the times are.
"""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from joystick.simulator.happenings import chat, started, tip
from tests.benchmarks import economy
from tests.benchmarks.embedded import percentile
from tests.benchmarks.load import line_to, option
from tests.benchmarks.soak import Player
from tests.journeys.site import Scaled
from tests.processes import SimulatorThread, free_port, wait_until
from tests.servers import running_postgres, running_redis

WEIGHTS = {"listener": 6, "web": 4, "worker": 6, "schedule": 2, "redis": 2, "postgres": 1}
ENDED = "('done', 'failed', 'expired', 'skipped', 'cancelled', 'rejected')"


class Site:
    """The processes of the set-up by their names, and what is done to them."""

    def __init__(self, scaled: Scaled, ports: tuple[int, int]) -> None:
        celery = ("-m", "celery", "-A", "pixelbot_site")
        self.scaled = scaled
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

    def start(self, name: str) -> None:
        """Start one of them."""
        self.running[name] = self.scaled.start(*self.commands[name])

    def kill(self, name: str) -> None:
        """Kill one of them; a worker with its children."""
        process = self.running[name]
        if name.startswith("worker"):
            subprocess.run(["pkill", "-KILL", "-P", str(process.pid)], check=False)
        process.kill()
        process.wait()


def main() -> None:
    """Run, print, and judge."""
    kills, chance = int(option("--kills", 300)), random.Random(int(option("--seed", 7)))
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres(is_safe=True))
        redis = stack.enter_context(running_redis())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixelbot-chaos-")))
        joystick = stack.enter_context(SimulatorThread())
        url = server.new_database()
        economy.in_process(folder, "-c", economy.SET_UP, DATABASE_URL=url)
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
        with traffic(joystick, random.Random(11)):
            for number in range(kills):
                time.sleep(chance.uniform(0.5, 2.0))
                kind = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
                if kind == "redis":
                    redis.stop()
                    redis.start()
                elif kind == "postgres":
                    server.restart()
                else:
                    name = chance.choice([name for name in site.commands if name.startswith(kind)])
                    site.kill(name)
                    site.start(name)
                took = until_paid(site.scaled, joystick, f"probe{number}")
                times.setdefault(kind, []).append(took)
                if took > 30:
                    print(f"after kill {number} of {kind}: {took:.1f} s", flush=True)
        report(times)
        faults = judge(site.scaled, joystick)
    print("\n".join(faults) or "the books are right")
    sys.exit(bool(faults))


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
    url, over = site.overlay_url, threading.Event()

    def run() -> None:
        while not over.wait(0.2):
            Player(url).run()

    threading.Thread(target=run, daemon=True).start()
    yield
    over.set()


@contextmanager
def traffic(joystick: SimulatorThread, chooser: random.Random) -> Iterator[None]:
    """Send twenty events a second: lines, tips, and purchases."""
    over = threading.Event()

    def run() -> None:
        for number in itertools.count():
            if over.wait(0.05):
                return
            who = f"viewer{chooser.randrange(10)}"
            roll = chooser.random()
            what = tip(who, chooser.randrange(1, 90)) if roll < 0.4 else chat(who, f"line {number}")
            if roll > 0.9:
                what = chat(who, chooser.choice(("!tts a line", "!sound ding", "!spin")))
            with suppress(TimeoutError):
                joystick.happen(what)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()


def report(times: dict[str, list[float]]) -> None:
    """Print how long it took, by what was killed."""
    print("| killed or restarted | times | until an event was paid, p50 | longest |\n|---|---|---|---|")
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
