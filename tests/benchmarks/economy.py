"""What an event costs, beside SQLite itself: `python -m tests.benchmarks.economy [--quick] [--big]`.

Every figure is a ratio of two runs on this machine, minutes apart, each in a process of its own:

- events through the inbox (parsed, stored, acted on, paid) against plain `sqlite3` writing the very rows that they left,
  in the same batches, to the same tables with their indexes and triggers; goal at least 0.30;
- with `--big` also the inbox on a database of 1,000,000 viewers and 10,000,000 transactions against the empty one, both
  settled (goal at least 0.8; the whole run is printed, too), the pages of the dashboard on it (goal 300 ms), a batch for everybody, and the audit.

The exit code is 0 whatever the figures are.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.benchmarks import raw as raw_sqlite
from tests.processes import ROOT

FILE = "pixelbot.sqlite3"
SCENARIOS = {"pays": "every event pays", "chat": "busy chat, most on cooldown"}
SET_UP = "import django; django.setup(); from pixelbot_site import setup; setup.prepare()"


def main() -> None:
    """Measure and print."""
    quick, big = "--quick" in sys.argv, "--big" in sys.argv
    events, rounds = (2_000, 1) if quick else (60_000, 3)
    with tempfile.TemporaryDirectory(prefix="pixelbot-benchmark-", dir=os.environ.get("BENCHMARK_DIR")) as folder:
        empty = Path(folder) / "empty"
        in_process(empty, "-c", SET_UP)
        rates = {scenario: beside_raw(scenario, empty, Path(folder), events, rounds) for scenario in SCENARIOS}
        if big or quick:
            from tests.benchmarks import million

            million.measure(empty, Path(folder) / "big", rates, events, rounds, scale=1000 if quick else 1)


def beside_raw(scenario: str, empty: Path, folder: Path, events: int, rounds: int) -> float:
    """Events per second of the inbox, printed beside what sqlite3 makes of the same rows; returns the settled ones."""
    ours, settled, raw = [], [], []
    for _ in range(rounds):
        with copy_of(empty, folder / "run") as run:
            figures = receive(run, scenario, events, 0)
            ours.append(figures["per_second"])
            settled.append(figures["settled"])
            with copy_of(empty, folder / "raw") as bare:
                raw.append(events / raw_sqlite.write_again(run / FILE, bare / FILE))
    ratio = median(ours) / median(raw)
    rates = f"inbox {median(ours):,.0f}/s, raw sqlite3 {median(raw):,.0f}/s"
    show(f"{SCENARIOS[scenario]}: inbox against raw sqlite3", ratio, 0.30, rates)
    return median(settled)


def receive(
    folder: Path, scenario: str, events: int, viewers: int, *, evenings_ago: int = 0, **settings: str
) -> dict[str, float]:
    """Events per second of a run of the inbox on the database in `folder`: `per_second` of all, and `settled`."""
    numbers = [str(number) for number in (events, viewers, evenings_ago)]
    out = in_process(folder, "-m", "tests.benchmarks.receiving", scenario, *numbers, **settings)
    figures: dict[str, float] = json.loads(out)
    return figures


def in_process(folder: Path, *arguments: str, **settings: str) -> str:
    """What a Python process with the bot's settings prints, its data in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "DATA_DIR": str(folder),
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings",
        **settings,
    }
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


class copy_of:
    """A copy of a data folder, for as long as the block runs."""

    def __init__(self, original: Path, copy: Path) -> None:
        self.original, self.copy = original, copy

    def __enter__(self) -> Path:
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.original, self.copy)
        return self.copy

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.copy, ignore_errors=True)


def show(what: str, ratio: float, goal: float, more: str = "") -> None:
    """A line: what, the ratio, its goal."""
    verdict = "met" if ratio >= goal else "MISSED"
    print(f"{what:<62} {ratio:6.2f} goal ≥ {goal:g} {verdict:<7} {more}", flush=True)


if __name__ == "__main__":
    main()
