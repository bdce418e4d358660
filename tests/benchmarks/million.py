"""The same on a database of a million viewers and ten million transactions (`tests.benchmarks.economy --big`)."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from statistics import median

from tests.benchmarks import crowd, economy

VIEWERS = 1_000_000


def measure(empty: Path, big: Path, rates: Mapping[str, float], events: int, rounds: int, *, scale: int) -> None:
    """Fill, and print: the inbox against the empty database, the dashboard's lists, a batch, the audit."""
    viewers = VIEWERS // scale
    shutil.copytree(empty, big)
    crowd.fill(big / economy.FILE, viewers)
    os.sync()  # else the first commits wait until all of that is on the disk
    print(f"{viewers:,} viewers, {viewers * crowd.EACH:,} transactions, as many of XP", flush=True)
    for scenario, rate in rates.items():
        runs = []
        for evenings_ago in reversed(range(rounds)):
            runs.append(economy.receive(big, scenario, events, viewers, evenings_ago=evenings_ago))
            forget_events(big / economy.FILE)
        ours = median(run["settled"] for run in runs)
        figures = f"inbox {ours:,.0f}/s, its first run as a whole {runs[0]['per_second']:,.0f}/s"
        economy.show(f"{economy.SCENARIOS[scenario]}: against the empty database", ours / rate, 0.8, figures)
    for what, seconds in json.loads(economy.in_process(big, "-m", "tests.benchmarks.browsing")).items():
        goal = {"batch": 60.0, "audit": 60.0}.get(what, 0.3)
        print(f"{what:<62} {seconds:6.3f} s goal ≤ {goal:g} s {'met' if seconds <= goal else 'MISSED'}", flush=True)


def forget_events(file: Path) -> None:
    """Take the events of the last run out of the feed, so that the next begins as it did."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("DELETE FROM joystick_inboundevent")
    os.sync()
