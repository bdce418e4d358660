"""The rows that a run of the inbox left, and plain sqlite3 writing them again (`tests.benchmarks.economy`)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
PEOPLE = ("economy_viewer", "economy_points", "economy_xp")
LEDGERS = ("economy_transaction", "economy_xptransaction")

Rows = list[tuple[Any, ...]]


@dataclass(slots=True)
class Batch:
    """What one transaction wrote: rows by table, and the changes of rows that were there."""

    inserts: dict[str, Rows] = field(default_factory=dict)
    seen: Rows = field(default_factory=list)
    balances: Rows = field(default_factory=list)
    experience: Rows = field(default_factory=list)
    presence: Rows = field(default_factory=list)


def write_again(run: Path, bare: Path) -> float:
    """Write to the empty database `bare` what the database `run` holds, batch by batch; returns the seconds it took."""
    with closing(sqlite3.connect(run)) as source, closing(sqlite3.connect(bare, isolation_level=None)) as target:
        target.executescript(PRAGMAS)
        _bring_people(source, target)
        batches = batches_of(source)
        cooldowns = source.execute("SELECT * FROM economy_cooldown").fetchall()
        began = time.perf_counter()
        share = len(cooldowns) // max(len(batches), 1) + 1
        for number, batch in enumerate(batches):
            target.execute("BEGIN IMMEDIATE")
            _write(target, batch, cooldowns[number * share : (number + 1) * share])
            target.execute("COMMIT")
        return time.perf_counter() - began


def _bring_people(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """The viewers are there before the clock runs, with nothing earned yet."""
    for table in PEOPLE:
        rows = source.execute(f"SELECT * FROM {table}").fetchall()
        target.executemany(_insert(table, rows), rows)
    target.execute("UPDATE economy_points SET balance = 0")
    target.execute("UPDATE economy_xp SET total = 0, level = 1")


class Source(Protocol):
    """A connection of sqlite3's or of psycopg's."""

    def execute(self, sql: str, /) -> Any:
        """Return a cursor with the result."""


def batches_of(source: Source) -> list[Batch]:
    """Return what each transaction of a run of the inbox wrote."""
    cursor = source.execute("SELECT * FROM joystick_inboundevent ORDER BY id")
    columns, events = _names(cursor), cursor.fetchall()
    of_event: dict[str, dict[str, Rows]] = {}
    for table in LEDGERS:
        cursor = source.execute(f"SELECT * FROM {table} ORDER BY id")
        place = _names(cursor).index("event")
        for row in cursor:
            of_event.setdefault(row[place], {}).setdefault(table, []).append(row)
    ids = dict(source.execute("SELECT username, id FROM economy_viewer"))
    seen = dict(source.execute("SELECT username, last_seen_at FROM economy_viewer"))
    uid, username, kind, at = (columns.index(name) for name in ("uid", "username", "kind", "received_at"))
    batches = []
    for moment, together in groupby(events, key=lambda event: event[at]):  # the moment of their batch
        chunk = list(together)
        batch = Batch({"joystick_inboundevent": chunk})
        for table in LEDGERS:
            batch.inserts[table] = [row for event in chunk for row in of_event.get(event[uid], {}).get(table, [])]
        batch.seen = [(moment, pk) for name, pk in ids.items() if seen.get(name) == moment]
        chatted = {event[username]: event for event in chunk if event[kind] == "new_message"}
        batch.presence = [(ids[name], event[at], event[at]) for name, event in chatted.items()]
        batch.balances = _last(source, LEDGERS[0], batch, ("balance_after",))
        batch.experience = _last(source, LEDGERS[1], batch, ("total_after", "level_after"))
        batches.append(batch)
    return batches


def _names(cursor: Any) -> list[str]:
    return [column[0] for column in cursor.description]


def _last(source: Source, table: str, batch: Batch, names: Sequence[str]) -> Rows:
    """(new values, viewer) of everybody whose balance the batch changed."""
    columns = _names(source.execute(f"SELECT * FROM {table} LIMIT 0"))
    viewer, *values = (columns.index(name) for name in ("viewer_id", *names))
    latest = {row[viewer]: tuple(row[place] for place in values) for row in batch.inserts[table]}
    return [(*value, pk) for pk, value in latest.items()]


def _write(target: sqlite3.Connection, batch: Batch, cooldowns: Rows) -> None:
    for table, rows in batch.inserts.items():
        if rows:
            target.executemany(_insert(table, rows), rows)
    target.executemany("UPDATE economy_viewer SET last_seen_at = ? WHERE id = ?", batch.seen)
    target.executemany("UPDATE economy_points SET balance = ? WHERE viewer_id = ?", batch.balances)
    target.executemany("UPDATE economy_xp SET total = ?, level = ? WHERE viewer_id = ?", batch.experience)
    target.executemany(
        "INSERT INTO economy_presence (viewer_id, since, until) VALUES (?, ?, ?) "
        "ON CONFLICT (viewer_id) DO UPDATE SET until = excluded.until",
        batch.presence,
    )
    if cooldowns:
        target.executemany(_insert("economy_cooldown", cooldowns), cooldowns)


def _insert(table: str, rows: Rows) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})" if rows else "SELECT 1"
