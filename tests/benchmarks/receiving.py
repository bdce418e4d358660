"""One run of the inbox, in a process of its own (`tests.benchmarks.economy`).

Usage: `python -m tests.benchmarks.receiving SCENARIO EVENTS VIEWERS [EVENINGS_AGO]`, on the database of the environment,
which has so many viewers (0: none yet) and stays as the run left it: a later run there is of a later evening, as it is in
life. The write-ahead log is merged beside it, as often as by a running bot. Prints as JSON the events per second, of the
whole run and `settled`: without its first third, in which every page of those who act is read from the disk for the first
time, and the write-ahead log grows to its size. Making the frames costs nothing; parsing, storing, paying and committing
count.
"""

from __future__ import annotations

import json
import logging
import random
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import django

django.setup()

from django.conf import settings

from joystick.gateway.batch_size import BatchSize
from joystick.inbox import receive
from joystick.protocol.frames import ReceivedFrame, read_frame
from joystick.simulator.happenings import Happening, chat, tip
from pixelbot_site.kit import interpreter
from pixelbot_site.upkeep import database_file

CROWD = 500
"""So many different viewers act in a run, drawn from all that the database has."""
EVENING, EVERY = timedelta(hours=6), timedelta(seconds=0.2)
"""How long ago the first event happened, and the time between two: a full evening's, which arrive all at once."""
STRIDE = 977
"""Viewers who act are far apart in the tables, as those of one evening are among everybody ever seen."""


def happening(scenario: str, number: int, chooser: random.Random, total: int, began: datetime) -> Happening:
    """The event of that number."""
    name = f"viewer{chooser.randrange(CROWD) * STRIDE % max(total, CROWD)}"
    what = tip(name, 10) if scenario == "pays" else chat(name, f"line {number} of a very full chat")
    return replace(what, at=began + number * EVERY)


def merge_log() -> None:
    """Merge the write-ahead log as the bot's schedule does."""
    entry: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE["merge-log"]
    while True:
        time.sleep(entry["schedule"])
        database_file.merge_beside_writers()


def main(scenario: str, events: int, total: int, evenings_ago: int = 0) -> None:
    """Receive, and say how long it took."""
    logging.disable(logging.CRITICAL)
    chooser, began_at = random.Random(7), datetime.now(UTC) - EVENING * (evenings_ago + 1)
    frames = [
        json.dumps({"identifier": "{}", "message": happening(scenario, n, chooser, total, began_at).message("v2")})
        for n in range(events)
    ]
    interpreter.settle()  # as runbot does
    threading.Thread(target=merge_log, daemon=True).start()
    batch_size, took = BatchSize(), [0.0]
    done = [0]
    while done[-1] < events:
        batch = frames[done[-1] : done[-1] + batch_size.size]
        began = time.perf_counter()
        received = [read_frame(frame) for frame in batch]
        receive.receive([one for one in received if isinstance(one, ReceivedFrame)])
        seconds = time.perf_counter() - began
        batch_size.record(len(batch), seconds)
        done.append(done[-1] + len(batch))
        took.append(took[-1] + seconds)
    third = next(place for place, count in enumerate(done) if count >= events / 3)
    settled = (events - done[third]) / (took[-1] - took[third]) if done[third] < events else 0.0
    print(json.dumps({"per_second": events / took[-1], "settled": settled}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
