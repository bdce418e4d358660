"""Fills a database with a crowd that agrees with itself (`tests.benchmarks.economy`, and tests of what must stay quick)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg

EACH = 10
"""Transactions of each viewer."""

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :most - 1)"
UUID = (
    "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || hex(randomblob(5)) || '-' || hex(randomblob(4)))"
)
MOMENT = "strftime('%Y-%m-%d %H:%M:%f', 1735689600 + {0}, 'unixepoch')"
FILLS = (
    "INSERT INTO economy_viewer (id, key, username, first_seen_at, last_seen_at, is_follower, is_subscriber, "
    "is_moderator, is_streamer, is_bot, notes, tags) {numbers} SELECT i + 1, 'viewer' || i, 'Viewer' || i, {moment}, {moment}, "
    "i % 3 = 0, i % 10 = 0, false, false, false, '', '' FROM n",
    "INSERT INTO economy_points (viewer_id, balance) SELECT id, {each} FROM economy_viewer",
    "INSERT INTO economy_xp (viewer_id, total, level, rewarded_level) SELECT id, {each}, 1, 1 FROM economy_viewer",
)
LEDGERS = (
    "INSERT INTO economy_transaction (viewer_id, kind, delta, balance_after, source, reason, reference, event, by, "
    "created_at) {numbers} SELECT i % {viewers} + 1, 'grant', 1, i / {viewers} + 1, "
    "CASE i % 10 WHEN 0 THEN 'tip' WHEN 1 THEN 'dropin' ELSE 'chat' END, '', 'chat:' || {uuid}, '', '', {moment} FROM n",
    "INSERT INTO economy_xptransaction (viewer_id, delta, total_after, level_after, source, reason, reference, event, "
    "by, created_at) {numbers} SELECT i % {viewers} + 1, 1, i / {viewers} + 1, 1, 'chat', '', 'chat:' || {uuid}, '', '', "
    "{moment} FROM n",
)


def fill(file: Path, viewers: int) -> None:
    """`viewers` people with EACH transactions of points, and as many of XP, each, in the migrated SQLite file `file`."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-500000;")
        around = database.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND "
            "tbl_name IN ('economy_viewer', 'economy_points', 'economy_xp', 'economy_transaction', "
            "'economy_xptransaction')"
        ).fetchall()
        for kind, name, _ in around:
            database.execute(f"DROP {kind} {name}")
        database.execute("BEGIN")
        for most, statements in ((viewers, FILLS), (viewers * EACH, LEDGERS)):
            for statement in statements:
                words = {
                    "numbers": NUMBERS,
                    "moment": MOMENT.format("i"),
                    "uuid": UUID,
                    "viewers": viewers,
                    "each": EACH,
                }
                sql = statement.format(**words)
                database.execute(sql, {"most": most} if ":most" in sql else {})
        for _, _, sql in around:
            database.execute(sql)
        database.execute("COMMIT")
        database.executescript("PRAGMA journal_mode=WAL;")


def fill_postgres(url: str, viewers: int) -> None:
    """Fill the migrated PostgreSQL database at `url` in the same way, without its indexes meanwhile."""
    words = {
        "numbers": "",
        "moment": "to_timestamp(1735689600 + i)",
        "uuid": "gen_random_uuid()",
        "viewers": viewers,
        "each": EACH,
    }
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("SET session_replication_role = replica")  # no triggers, no foreign keys
        names = "('economy_transaction', 'economy_xptransaction', 'economy_viewer')"
        indexes = database.execute(
            "SELECT i.indexname, i.indexdef FROM pg_indexes i LEFT JOIN pg_constraint c ON c.conname = i.indexname "
            f"WHERE i.tablename IN {names} AND c.conname IS NULL"
        ).fetchall()
        with database.transaction():
            for name, _ in indexes:
                database.execute(f'DROP INDEX "{name}"')
            for most, statements in ((viewers, FILLS), (viewers * EACH, LEDGERS)):
                for statement in statements:
                    sql = statement.format(**words).replace("FROM n", f"FROM generate_series(0, {most - 1}) AS n(i)")
                    database.execute(sql)
            for _, sql in indexes:
                database.execute(sql)
            for table in ("viewer", "transaction", "xptransaction"):
                database.execute(
                    f"SELECT setval(pg_get_serial_sequence('economy_{table}', 'id'), (SELECT max(id) FROM economy_{table}))"
                )
        database.execute("VACUUM ANALYZE")
