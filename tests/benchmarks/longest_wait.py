"""How long an event waits while something long runs: `python -m tests.benchmarks.longest_wait [--quick] [--scaled]`.

A database of 1,000,000 events and 300,000 viewers (--events N, --viewers N) with ten transactions each. While a viewer is
forgotten or renamed, levels are recomputed, files are imported, the ledger is audited, everybody gets points, and old
frames are blanked, events go on coming through the inbox in another thread of the same process, as in the embedded bot.
Printed is the longest that one of them took; goal at most 0.5 s. Then what an event takes on the disk.

With `--scaled` all that is on PostgreSQL, and the backup is what pg_dump does: a copy of each table, in one snapshot.

The exit code is 0 whatever the figures are.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg

from tests.benchmarks import crowd, economy
from tests.servers import running_postgres

EVENTS, VIEWERS = 1_000_000, 300_000
QUICK_EVENTS, QUICK_VIEWERS = 10_000, 2_000
GOAL = 0.5
# Of all events, so many are the ones of Viewer0, and as many of Viewer1.
BUSY_SHARE = 20
DAYS = 390
# A busy channel: 20,000 events in each of 250 evenings.
BUSY_YEAR = 5_000_000
# As long as those of Joystick's chat in v2.
FRAME = json.dumps(
    {
        "identifier": json.dumps({"channel": "GatewayChannel", "event_version": "v2"}),
        "message": {
            "v": 2,
            "type": "new_message",
            "id": "a61f12fd-5d9b-56c9-95e6-89231b65dfd7",
            "channel_id": "7860fca4b9788715c5a3472b5d3bfb6d72042410a651f6a95dfb2bdba6db9bfe",
            "occurred_at": "2026-08-02T20:10:10Z",
            "text": "evening everyone, how is the harbour tonight?",
            "data": {
                "author": {"username": "MossyLantern", "badges": {"mod": False, "streamer": False}},
                "more": "-" * 200,
            },
        },
    }
)
FEED = """
INSERT INTO joystick_inboundevent
(uid, kind, channel_id, username, viewer_key, text, tokens, state, error, raw, occurred_at, received_at)
WITH RECURSIVE n(i) AS ({numbers}),
who AS (
    SELECT i, CASE i % {share} WHEN 0 THEN 0 WHEN 1 THEN 1 ELSE i * 7919 % {viewers} END AS viewer,
    CASE WHEN i / {share} % 20 < 14 THEN 'new_message' WHEN i / {share} % 20 < 16 THEN 'enter_stream'
    WHEN i / {share} % 20 < 18 THEN 'leave_stream' WHEN i / {share} % 20 < 19 THEN 'viewer_count_updated'
    ELSE 'bot_message' END AS kind, {ago} AS at FROM n
)
SELECT {uuid}, kind, 'channel', CASE WHEN kind IN ('viewer_count_updated', 'bot_message') THEN '' ELSE 'Viewer' || viewer END,
CASE WHEN kind IN ('viewer_count_updated', 'bot_message') THEN NULL ELSE 'viewer' || viewer END,
CASE kind WHEN 'bot_message' THEN 'Viewer' || viewer || ' tipped 15 tokens' WHEN 'new_message' THEN
'evening everyone, how is the harbour tonight?' ELSE '' END, NULL, 'handled', '', '{frame}', at, at FROM who
"""
# What is said otherwise in each database.
SQLITE = {
    "uuid": crowd.UUID,
    "numbers": "SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {most} - 1",
    "ago": "strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || (({most} - i) * {days} * 86400.0 / {most}) || ' seconds')",
}
POSTGRES = {
    "uuid": "gen_random_uuid()",
    "numbers": "SELECT generate_series(0::bigint, {most} - 1)",
    "ago": "now() - ({most} - i) * {days} * interval '1 day' / {most}",
}


def main() -> None:
    """Fill, measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scaled", action="store_true")
    parser.add_argument("--events", type=int)
    parser.add_argument("--viewers", type=int)
    asked = parser.parse_args()
    events = asked.events or (QUICK_EVENTS if asked.quick else EVENTS)
    viewers = asked.viewers or (QUICK_VIEWERS if asked.quick else VIEWERS)
    with ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="pixelbot-benchmark-", dir=os.environ.get("BENCHMARK_DIR"))
        )
        data = Path(folder) / "data"
        settings = {}
        if asked.scaled:
            settings["DATABASE_URL"] = stack.enter_context(running_postgres(is_safe=True)).new_database()
        economy.in_process(data, "-c", economy.SET_UP, **settings)
        if asked.scaled:
            crowd.fill_postgres(settings["DATABASE_URL"], viewers)
            row = fill_postgres_feed(settings["DATABASE_URL"], events, viewers)
        else:
            crowd.fill(data / economy.FILE, viewers)
            row = fill_feed(data / economy.FILE, events, viewers)
        os.sync()  # else the first commits wait until all of that is on the disk
        print(f"{viewers:,} viewers, {viewers * crowd.EACH:,} transactions, {events:,} events", flush=True)
        for line in economy.in_process(data, "-m", "tests.benchmarks.waiting", **settings).splitlines():
            show(**json.loads(line))
        show_size(row)


def feed(events: int, viewers: int, parts: dict[str, str]) -> str:
    """Return the statement that fills the feed, of `parts` of a database."""
    numbers = {"most": events, "share": BUSY_SHARE, "viewers": viewers, "days": DAYS}
    return FEED.format(**{name: part.format(**numbers) for name, part in parts.items()}, **numbers, frame=FRAME)


def fill_postgres_feed(url: str, events: int, viewers: int) -> int:
    """Fill the feed; returns the bytes that an event took with its frame and its indexes."""
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(feed(events, viewers, POSTGRES))
        database.execute("VACUUM ANALYZE joystick_inboundevent")
        size = database.execute("SELECT pg_total_relation_size('joystick_inboundevent')").fetchone()
    assert size is not None
    return int(size[0]) // events


def fill_feed(file: Path, events: int, viewers: int) -> int:
    """Fill the feed; returns the bytes that an event took with its frame and its indexes."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-500000;")
        before = pages(database)
        database.execute("BEGIN")
        database.execute(feed(events, viewers, SQLITE))
        database.execute("COMMIT")
        database.executescript("PRAGMA journal_mode=WAL;")
        return (pages(database) - before) // events


def pages(database: sqlite3.Connection) -> int:
    """Return the bytes that the database takes."""
    return int(
        database.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()").fetchone()[0]
    )


def show(what: str, longest: float, handled: int, seconds: float) -> None:
    """Print what ran, the longest wait of an event meanwhile, and the goal."""
    verdict = "met" if longest <= GOAL else "MISSED"
    took = f"of {handled:,} events in {seconds:,.1f} s"
    print(f"{what:<34} longest wait {longest:6.3f} s goal ≤ {GOAL:g} s {verdict:<7} {took}", flush=True)


def show_size(row: int) -> None:
    """Print what an event takes, and what a year of a busy channel does, with the settings' defaults."""
    bare = row - len(FRAME)
    year = BUSY_YEAR * (bare + len(FRAME) * 14 / 365) / 1e9
    print(f"an event takes {row:,} bytes with a frame of {len(FRAME):,}, {bare:,} without")
    print(
        f"a busy channel ({BUSY_YEAR:,} events a year) takes {year:.1f} GB a year; {BUSY_YEAR * row / 1e9:.1f} GB with all frames"
    )


if __name__ == "__main__":
    main()
