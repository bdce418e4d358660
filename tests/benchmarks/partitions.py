"""The feed by month, tried on PostgreSQL beside the feed as it is: `python -m tests.benchmarks.partitions [--quick]`.

Both tables hold the same events of thirteen months and have the same indexes, as far as PostgreSQL allows: a unique index
of a table in parts must contain what parts it. Printed are times beside each other, how much is written to the log when a
month is pruned, and what is lost: whether an event that comes twice, in two months, is still stored once.
The bot has no such table; `docs/scale.md` says why.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from tests.benchmarks import economy
from tests.servers import running_postgres

PLAIN, PARTED = "joystick_inboundevent", "feed_by_month"
MONTHS = [datetime(2025 + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(14)]
COLUMNS = "id, uid, kind, channel_id, username, viewer_key, text, tokens, state, error, raw, occurred_at, received_at"
FRAME = "x" * 900
BATCH = 500
MAKE_PLAIN = """
import django; django.setup()
from django.db import connection
from joystick.models import InboundEvent
with connection.schema_editor() as editor:
    editor.create_model(InboundEvent)
"""
PIECE = 1000  # as `pixelbot_site.kit.pieces`

Database = psycopg.Connection[Any]


def main() -> None:
    """Make both, measure, print."""
    quick = "--quick" in sys.argv
    each, rounds = (400, 1) if quick else (40_000, 3)
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres(is_safe=not quick))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixelbot-benchmark-")))
        url = server.new_database()
        economy.in_process(folder, "-c", MAKE_PLAIN, DATABASE_URL=url)
        database = stack.enter_context(psycopg.connect(url, autocommit=True))
        make_parts(database)
        for table in (PLAIN, PARTED):
            fill(database, table, each)
        database.execute("VACUUM ANALYZE")
        print(f"{each * 13:,} events of 13 months in each; milliseconds, the median of {rounds}")
        print(f"{'':<58} {'plain':>9} {'by month':>9} {'ratio':>6}")
        measure(database, each, rounds)
        prune(database)
        print(f"{'an event that comes again in the next month is refused':<58} {refused(database, PLAIN, each):>9} "
              f"{refused(database, PARTED, each):>9}")  # fmt: skip


def make_parts(database: Database) -> None:
    """Make the table in parts, with the indexes of the plain one; unique ones contain the moment, too."""
    database.execute(f"CREATE TABLE {PARTED} (LIKE {PLAIN} INCLUDING DEFAULTS) PARTITION BY RANGE (received_at)")
    for begin, end in pairwise(MONTHS):
        database.execute(f"CREATE TABLE {part(begin)} PARTITION OF {PARTED} FOR VALUES FROM ('{begin}') TO ('{end}')")
    indexes = database.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s", [PLAIN]).fetchall()
    for name, definition in indexes:
        made = re.sub(r"INDEX \S+ ON \S+", f"INDEX {name[:50]}_parted ON {PARTED}", definition)
        if made.startswith("CREATE UNIQUE"):
            made = made.removesuffix(")") + ", received_at)"
        database.execute(made)


def part(begin: datetime) -> str:
    """Return the name of a month's part."""
    return f"{PARTED}_{begin:%Y_%m}"


def fill(database: Database, table: str, each: int) -> None:
    """Put `each` events into each month; their frames were blanked, as those of old events are."""
    for number, begin in enumerate(MONTHS[:13]):
        database.execute(
            f"INSERT INTO {table} ({COLUMNS}) SELECT i, md5(i::text), "
            "CASE i %% 20 WHEN 0 THEN 'tipped' ELSE 'new_message' END, 'channel', 'Viewer' || i * 977 %% 20000, "
            "'viewer' || i * 977 %% 20000, 'line ' || i || ' of a very full chat', NULL, 'handled', '', '', "
            "%(begin)s::timestamptz + (i - %(first)s) * interval '28 days' / %(each)s, "
            "%(begin)s::timestamptz + (i - %(first)s) * interval '28 days' / %(each)s "
            "FROM generate_series(%(first)s::bigint, %(last)s::bigint) i",
            {"begin": begin, "first": number * each + 1, "last": (number + 1) * each, "each": each},
        )


def measure(database: Database, each: int, rounds: int) -> None:
    """Print what storing and reading takes in both."""
    fresh = [f"new{number}" for number in range(BATCH)]
    questions: dict[str, tuple[str, list[Any]]] = {
        f"are {BATCH} uids known? (each batch asks)": ("SELECT uid FROM {} WHERE uid = ANY(%s)", [fresh]),
        "the list's first page": ("SELECT * FROM {} ORDER BY id DESC LIMIT 100", []),
        "a viewer's events": ("SELECT * FROM {} WHERE viewer_key = %s ORDER BY id DESC LIMIT 100", ["viewer977"]),
        "events of the last day": ("SELECT count(*) FROM {} WHERE received_at > %s", [MONTHS[12] + timedelta(days=27)]),
    }
    stored = [
        [store(database, table, 10**9 + number * 10**6) for table in (PLAIN, PARTED)] for number in range(rounds + 1)
    ]
    line(f"store 20 batches of {BATCH}", *map(median, zip(*stored[1:], strict=True)))  # the first round warms up
    for words, (sql, parameters) in questions.items():
        plain, parted = (
            took(partial(rows, database, sql.format(table), parameters), 5 * rounds) for table in (PLAIN, PARTED)
        )
        line(words, plain, parted)


def rows(database: Database, sql: str, parameters: list[Any]) -> list[Any]:
    """Return what a query finds."""
    return database.execute(sql, parameters).fetchall()


def store(database: Database, table: str, first: int) -> float:
    """Store 20 batches as the bot does, by COPY, a transaction each; return the milliseconds."""
    moment = MONTHS[12] + timedelta(days=27)
    began = time.perf_counter()
    for batch in range(20):
        with database.transaction(), database.cursor() as cursor:
            with cursor.copy(f"COPY {table} ({COLUMNS}) FROM STDIN") as copy:
                for place in range(BATCH):
                    pk = first + batch * BATCH + place
                    name = f"viewer{pk * 977 % 20000}"
                    end = ("hello", None, "handled", "", FRAME, moment, moment)
                    copy.write_row((pk, f"s{pk}", "new_message", "channel", name, name, *end))
    return (time.perf_counter() - began) * 1000


def prune(database: Database) -> None:
    """Print what it takes to prune the first month: deleted in pieces, as the bot does, and dropped."""
    figures = []
    for step in (lambda: delete_month(database), lambda: database.execute(f"DROP TABLE {part(MONTHS[0])}")):
        before = database.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
        began = time.perf_counter()
        step()
        seconds = time.perf_counter() - began
        ((written,),) = database.execute("SELECT pg_current_wal_insert_lsn() - %s", before).fetchall()
        figures.append((seconds * 1000, float(written) / 2**10))
    line("prune the first month", figures[0][0], figures[1][0])
    line("… written to the log, KB", figures[0][1], figures[1][1])


def delete_month(database: Database) -> None:
    """Delete the first month of the plain table in pieces, without the pauses, and let the room be used again."""
    old = f"SELECT id FROM {PLAIN} WHERE received_at < %s ORDER BY received_at LIMIT {PIECE}"
    while database.execute(f"DELETE FROM {PLAIN} WHERE id IN ({old})", [MONTHS[1]]).rowcount:
        pass
    database.execute(f"VACUUM {PLAIN}")


def refused(database: Database, table: str, each: int) -> str:
    """Return whether an event of the last month but one is refused when it comes again in the last."""
    uid, moment = f"{11 * each + 1}", MONTHS[12] + timedelta(days=27)
    row = f"SELECT 2000000000, md5(%s), 'x', '', '', NULL, '', NULL, 'handled', '', '', '{moment}', '{moment}'"
    try:
        database.execute(f"INSERT INTO {table} ({COLUMNS}) {row}", [uid])
    except psycopg.errors.UniqueViolation:
        return "yes"
    return "no"


def took(step: Callable[[], object], rounds: int) -> float:
    """Return the median of the milliseconds that it takes."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        step()
        times.append((time.perf_counter() - began) * 1000)
    return median(times)


def line(words: str, plain: float, parted: float) -> None:
    """Print a line."""
    print(f"{words:<58} {plain:9,.1f} {parted:9,.1f} {parted / plain:6.2f}", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    main()
