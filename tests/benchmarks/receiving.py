"""One run of the inbox, in a process of its own (`tests.benchmarks.economy`).

Usage: `python -m tests.benchmarks.receiving SCENARIO EVENTS`, on the database of the environment, which stays as the run
left it. Prints seconds and events per second as JSON. Making the frames and reading the clock cost nothing; parsing,
storing, paying and committing count.
"""

from __future__ import annotations

import json
import logging
import random
import sys
import time

import django

django.setup()

from joystick import inbox, listener
from joystick.simulator.happenings import Happening, chat, tip
from pixelbot_site.kit import memory
from tests.benchmarks.raw import BATCH

CROWD = 500
"""So many different viewers act in a run, drawn from all that the database has."""
STRIDE = 977
"""Viewers who act are far apart in the tables, as those of one evening are among everybody ever seen."""


def happening(scenario: str, number: int, chooser: random.Random, total: int) -> Happening:
    """The event of that number."""
    name = f"viewer{chooser.randrange(CROWD) * STRIDE % max(total, CROWD)}"
    return tip(name, 10) if scenario == "pays" else chat(name, f"line {number} of a very full chat")


def main(scenario: str, events: int, total: int) -> None:
    """Receive, and say how long it took."""
    assert listener.BATCH == BATCH
    logging.disable(logging.CRITICAL)
    chooser = random.Random(7)
    frames = [
        json.dumps({"identifier": "{}", "message": happening(scenario, n, chooser, total).message("v2")})
        for n in range(events)
    ]
    memory.settle()  # as runbot does
    began = time.perf_counter()
    for start in range(0, events, BATCH):
        batch = [inbox.read(frame) for frame in frames[start : start + BATCH]]
        inbox.receive([received for received in batch if isinstance(received, inbox.Received)])
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "per_second": events / seconds}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
