"""The rows that a run of the inbox left in PostgreSQL, and plain psycopg writing them again in the same batches."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from tests.benchmarks.raw import PEOPLE, Batch, Rows, batches_of


def write_again(run: str, bare: str) -> float:
    """Write to the empty database `bare` what the database `run` holds, batch by batch; returns the seconds it took.

    By COPY, and one UPDATE for all rows of a table: the quickest ways that PostgreSQL has.
    """
    with psycopg.connect(run) as source, psycopg.connect(bare, autocommit=True) as target:
        with target.transaction():
            for table in PEOPLE:
                _copy(target, table, source.execute(f"SELECT * FROM {table}").fetchall())
            target.execute("UPDATE economy_points SET balance = 0")
            target.execute("UPDATE economy_xp SET total = 0, level = 1")
        batches = batches_of(source)
        cooldowns = source.execute("SELECT * FROM economy_cooldown").fetchall()
        began = time.perf_counter()
        share = len(cooldowns) // max(len(batches), 1) + 1
        for number, batch in enumerate(batches):
            with target.transaction():
                _write(target, batch, cooldowns[number * share : (number + 1) * share])
        return time.perf_counter() - began


def _write(target: psycopg.Connection[Any], batch: Batch, cooldowns: Rows) -> None:
    for table, rows in batch.inserts.items():
        _copy(target, table, rows)
    _update(target, "UPDATE economy_viewer SET last_seen_at = v.a", ("timestamptz", "bigint"), batch.seen, "id")
    _update(target, "UPDATE economy_points SET balance = v.a", ("bigint", "bigint"), batch.balances)
    _update(
        target,
        "UPDATE economy_xp SET total = v.a, level = v.b",
        ("bigint", "bigint", "bigint"),
        batch.experience,
    )
    if batch.presence:
        target.execute(
            "INSERT INTO economy_presence (viewer_id, since, until) "
            "SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) "
            "ON CONFLICT (viewer_id) DO UPDATE SET until = excluded.until",
            _columns(batch.presence),
        )
    _copy(target, "economy_cooldown", cooldowns)


def _copy(target: psycopg.Connection[Any], table: str, rows: Rows) -> None:
    if rows:
        with target.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def _update(
    target: psycopg.Connection[Any], update: str, types: tuple[str, ...], rows: Rows, key: str = "viewer_id"
) -> None:
    """Execute an UPDATE with each of `rows`, whose last value is the row's `key`."""
    if rows:
        names = "abc"[: len(types)]
        arrays = ", ".join(f"%s::{kind}[]" for kind in types)
        where = f"WHERE {key} = v.{names[-1]}"
        target.execute(f"{update} FROM unnest({arrays}) AS v ({', '.join(names)}) {where}", _columns(rows))


def _columns(rows: Rows) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
