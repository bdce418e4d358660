"""The same on a database of a million viewers and ten million transactions (`tests.benchmarks.economy --big`)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from tests.benchmarks import crowd, economy

VIEWERS = 1_000_000


def measure(empty: Path, big: Path, rates: Mapping[str, float], events: int, rounds: int, *, scale: int) -> None:
    """Fill, and print: the inbox against the empty database, the dashboard's lists, a batch, the audit."""
    viewers = VIEWERS // scale
    shutil.copytree(empty, big)
    crowd.fill(big / economy.FILE, viewers)
    print(f"{viewers:,} viewers, {viewers * crowd.EACH:,} transactions, as many of XP", flush=True)
    for scenario, rate in rates.items():
        ours = median(economy.receive(big, scenario, events, viewers) for _ in range(rounds))
        figures = f"inbox {ours:,.0f}/s"
        economy.show(f"{economy.SCENARIOS[scenario]}: against the empty database", ours / rate, 0.8, figures)
    for what, seconds in json.loads(economy.in_process(big, "-m", "tests.benchmarks.browsing")).items():
        goal = {"batch": 60.0, "audit": 60.0}.get(what, 0.3)
        print(f"{what:<62} {seconds:6.3f} s goal ≤ {goal:g} s {'met' if seconds <= goal else 'MISSED'}", flush=True)
