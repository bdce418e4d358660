"""What an event, a spoken line and a row of the ledger cost on the database of the environment (`tests.benchmarks.scale`).

Usage: `python -m tests.benchmarks.costs EVENTS ROWS`, on a PostgreSQL database with the bot's tables and nothing else.
Prints as JSON what `tests.benchmarks.scale.Costs` holds.
"""

from __future__ import annotations

import json
import logging
import random
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import django

django.setup()

import psutil
from django.db import connection

from economy.ledger import audit
from effects import voice
from joystick.inbox import receive
from joystick.protocol.frames import ReceivedFrame, read_frame
from joystick.simulator.happenings import chat, tip
from pixelbot_site.kit import interpreter
from tests.benchmarks.receiving import CROWD, EVENING, EVERY

BATCH = 500
ALONE = 200  # batches of one event
TIPS_EVERY = 50
LINE = "Bob said: this is a line of a dozen words that somebody has paid for"
FILL = (
    "INSERT INTO economy_transaction (viewer_id, kind, delta, balance_after, source, reason, reference, event, by, "
    "created_at) SELECT v.ids[1 + i %% array_length(v.ids, 1)], 'grant', 1, 1, 'chat', '', 'chat:' || gen_random_uuid(), "
    "gen_random_uuid()::text, '', now() - i * interval '1 second' "
    "FROM generate_series(1, %s) i, (SELECT array_agg(id) AS ids FROM economy_viewer) v"
)


def main(events: int, rows: int) -> None:
    """Measure and print."""
    logging.disable(logging.CRITICAL)
    frames = made(events + BATCH + ALONE)
    interpreter.settle()  # as runbot does
    handle(frames[:BATCH])  # warms up
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = psutil.Process(cursor.fetchone()[0])
    large = [frames[first : first + BATCH] for first in range(BATCH, events + BATCH, BATCH)]
    alone = [[frame] for frame in frames[-ALONE:]]
    found = {
        **named("{}_ms", measured(backend, large), BATCH),
        **named("{}_batch_ms", measured(backend, alone), 1),
        **spoken(),
        **ledger(rows),
    }
    print(json.dumps(found))


def measured(backend: psutil.Process, batches: list[list[str]]) -> dict[str, float]:
    """Return the seconds that a batch takes: computing in the listener's process and in PostgreSQL's, and as a whole."""
    before = cpu(backend), time.process_time()
    times = [timed(partial(handle, batch)) for batch in batches]
    database, listener = cpu(backend) - before[0], time.process_time() - before[1]
    return {"listener": listener / len(times), "database": database / len(times), "whole": undisturbed(times)}


def named(name: str, seconds: dict[str, float], events: int) -> dict[str, float]:
    """Return the milliseconds of one of `events`, under names made with `name`."""
    return {name.format(key): 1000 * value / events for key, value in seconds.items()}


def undisturbed(times: list[float]) -> float:
    """Return what a quarter of the times is below: the others waited for other programs of the machine as well."""
    return sorted(times)[len(times) // 4]


def made(count: int) -> list[str]:
    """Return the frames of a busy chat, in which one line of TIPS_EVERY is a tip."""
    chooser, began = random.Random(7), datetime.now(UTC) - EVENING
    frames = []
    for number in range(count):
        name = f"viewer{chooser.randrange(CROWD)}"
        what = tip(name, 10) if number % TIPS_EVERY == 0 else chat(name, f"line {number} of a very full chat")
        happening = replace(what, at=began + number * EVERY)
        frames.append(json.dumps({"identifier": "{}", "message": happening.message("v2")}))
    return frames


def handle(frames: list[str]) -> None:
    """Receive the frames as one batch."""
    read = [read_frame(frame) for frame in frames]
    receive.receive([one for one in read if isinstance(one, ReceivedFrame)])


def cpu(process: psutil.Process) -> float:
    """Return the seconds that it has computed."""
    times = process.cpu_times()
    return float(times.user + times.system)


def timed(step: Any) -> float:
    """Return the seconds that it takes."""
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def spoken() -> dict[str, float]:
    """Return how long a line takes to synthesize, and to say."""
    studio = voice.studio()
    studio.speak(LINE, "pyttsx3", "", 170, 1.0)  # the child starts
    lines = [timed(lambda: studio.speak(LINE, "pyttsx3", "", 170, 1.0)) for _ in range(8)]
    seconds = studio.speak(LINE, "pyttsx3", "", 170, 1.0)[1]
    studio.close()
    return {"synthesis_ms": 1000 * undisturbed(lines), "line_seconds": seconds}


def ledger(rows: int) -> dict[str, float]:
    """Fill the ledger; return the bytes of a row with its indexes, and the seconds that the audit takes for a million."""
    with connection.cursor() as cursor:
        cursor.execute(FILL, [rows])
        cursor.execute("VACUUM ANALYZE economy_transaction")
        cursor.execute("SELECT pg_total_relation_size('economy_transaction'), count(*) FROM economy_transaction")
        size, count = cursor.fetchone()

        def rows_of(sql: str) -> Any:
            cursor.execute(sql)
            return cursor.fetchmany(1)

        seconds = timed(lambda: list(audit.findings(rows_of)))
    return {"row_bytes": size / count, "audit_seconds": seconds / count * 1e6}


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
