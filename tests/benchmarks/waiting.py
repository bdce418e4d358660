"""What runs long, and events beside it (`tests.benchmarks.longest_wait`).

Usage: `python -m tests.benchmarks.waiting`, on the database of the environment. Prints a line of JSON for each: what,
the longest that an event took, how many events were handled meanwhile, and how many seconds it ran.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import django
import psycopg

django.setup()

from django.conf import settings
from django.db import connection
from django.utils import timezone
from tablib import Dataset

from economy.batches import batch
from economy.batches.target import Target
from economy.ledger import audit, recomputing
from economy.models import Viewer
from economy.viewers import forgetting, merging
from economy.viewers.exchange import ViewerResource
from joystick.inbox import name_changes, receive, retention
from joystick.models import NameChange, NameStep
from joystick.protocol.frames import ReceivedFrame, read_frame
from joystick.simulator.happenings import tip
from pixelbot_site.kit import interpreter
from tests.conftest import frame_text
from tests.processes import ROOT

# Between two events: a full chat.
PAUSE = 0.02
# Of all viewers, so many are in an imported file.
SHARE = 10
CHANGES_OF_A_USER = 5


class Events(threading.Thread):
    """Tips of a crowd through the inbox, one after the other, until it is stopped. `longest`: the seconds of one."""

    def __init__(self) -> None:
        super().__init__(name="events")
        self.longest, self.handled = 0.0, 0
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(PAUSE):
            received = read_frame(frame_text(tip(f"viewer{self.handled * 977 % 500 + 2}", 10)))
            assert isinstance(received, ReceivedFrame)
            began = time.perf_counter()
            receive.receive([received])
            self.longest = max(self.longest, time.perf_counter() - began)
            self.handled += 1
        connection.close()

    def stop(self) -> None:
        """Let the present event end."""
        self._stopped.set()
        self.join()


def measure(what: str, operation: Callable[[], object]) -> None:
    """Run `operation` beside events, and print the longest wait."""
    events = Events()
    events.start()
    time.sleep(0.2)
    began = time.perf_counter()
    operation()
    seconds = time.perf_counter() - began
    events.stop()
    line = {"what": what, "longest": round(events.longest, 3), "handled": events.handled, "seconds": round(seconds, 1)}
    print(json.dumps(line), flush=True)


def settle_names() -> None:
    """Do in the feed what a worker does, until nothing is left."""
    while NameChange.objects.exclude(step=NameStep.DONE).exists():
        name_changes.work()


def forget() -> None:
    forgetting.forget(Viewer.objects.get(key="viewer0"))
    settle_names()


def rename() -> None:
    merging.rename(Viewer.objects.get(key="viewer1"), "Renamed")
    settle_names()


def recompute() -> None:
    settings.XP_BASE = 1  # every level changes
    for _ in recomputing.recompute():
        pass


def file_of_viewers() -> Dataset:
    data = Dataset(headers=["username", "points", "xp"])
    for number in range(Viewer.objects.count() // SHARE):
        data.append([f"viewer{number * SHARE + 5}" if number % 2 else f"new{number}", 500, 700])
    return data


def import_file(*, dry_run: bool) -> None:
    result = ViewerResource().import_data(file_of_viewers(), dry_run=dry_run)
    assert not result.has_errors()


def manage(*arguments: str) -> None:
    """Run a command of `manage.py` in a process of its own, as a streamer does beside the bot."""
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=True, capture_output=True)


def original(path: Path) -> Path:
    """Return the original Pixel's file, with new users who have a history."""
    users = Viewer.objects.count() // SHARE
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(
            "CREATE TABLE users (id, name, first_seen, last_seen); CREATE TABLE points (user_id, balance);"
            "CREATE TABLE xp (user_id, total_xp, level);"
            "CREATE TABLE transactions (id INTEGER PRIMARY KEY, user_id, type, delta, reason, created_at);"
        )
        ids = [(number,) for number in range(users)]
        database.executemany("INSERT INTO users VALUES (?1, 'user' || ?1, '2024-01-01', '2025-01-01')", ids)
        database.executemany("INSERT INTO points VALUES (?, 25)", ids)
        database.executemany("INSERT INTO xp VALUES (?, 250, 2)", ids)
        changes = "INSERT INTO transactions (user_id, type, delta, reason, created_at) VALUES (?, 'grant', 5, 'chat', '2024-02-01')"
        for _ in range(CHANGES_OF_A_USER):
            database.executemany(changes, ids)
    return path


def dump() -> None:
    """Copy each table out, in one snapshot of the database, as PostgreSQL's pg_dump does."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as database, TemporaryFile() as file:
        database.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        tables = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            with database.cursor().copy(f"COPY {table} TO STDOUT") as rows:
                for part in rows:
                    file.write(part)


def main() -> None:
    """Measure and print."""
    logging.disable(logging.CRITICAL)
    interpreter.settle()  # as runbot does
    with TemporaryDirectory() as folder:
        path = original(Path(folder) / "pixel.db")
        measure("nothing else", lambda: time.sleep(2))
        measure("forget", forget)
        measure("rename", rename)
        measure("recompute", recompute)
        measure("import: the dry run", lambda: import_file(dry_run=True))
        measure("import", lambda: import_file(dry_run=False))
        measure("bring pixel", lambda: manage("bring", "pixel", str(path)))
        measure("audit", audit.run)
        measure("batch", lambda: batch.run(batch.plan("points", "add", 5, target=Target())))
        if connection.vendor == "postgresql":
            measure("backup (as pg_dump does)", dump)
        else:
            measure("backup", lambda: manage("backup"))
        measure("prune", lambda: retention.prune(now=timezone.now()))
    assert not list(audit.findings())


if __name__ == "__main__":
    main()
