"""What counting costs, and what a look at `/metrics` costs: `python -m tests.benchmarks.counting [--quick]`.

In one process and on one database, in turn with and without what is counted of events and noted of where they came from:
the processor's time for events through the inbox, where every event pays, and where most are lines of a busy chat. Goal of
both ratios: at least 0.97. Then a million ended items (2,000 with --quick), and how long `/metrics` takes then.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from statistics import median
from unittest.mock import patch

from tests.processes import ROOT

ENDED_ITEMS = 1_000_000
BATCH = 500


def main() -> None:
    """Measure in a process with the bot's settings, and print."""
    rounds, items = ("2", "2000") if "--quick" in sys.argv else ("100", str(ENDED_ITEMS))
    with tempfile.TemporaryDirectory(prefix="pixelbot-benchmark-") as folder:
        environment = {
            **os.environ,
            "DATA_DIR": folder,
            "ENV_FILE": os.devnull,
            "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings",
        }
        command = [sys.executable, "-m", "tests.benchmarks.counting", "inside", rounds, items]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)


@contextmanager
def uncounted() -> Iterator[None]:
    """Count and note nothing."""
    from joystick.inbox import counting
    from pixelbot_site.kit import origin

    with ExitStack() as stack:
        stack.enter_context(patch.object(counting, "count", lambda *_: None))
        stack.enter_context(patch.object(counting, "observe", lambda *_, **__: None))
        stack.enter_context(patch.object(origin, "of", lambda _: nullcontext()))
        stack.enter_context(patch.object(origin, "enter", lambda _: None))
        stack.enter_context(patch.object(origin, "leave", lambda _: None))
        stack.enter_context(patch.object(origin, "batch", lambda _: nullcontext()))
        yield


def inside(rounds: int, items: int) -> None:
    """Measure, with Django set up."""
    import logging

    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    from pixelbot_site import setup
    from pixelbot_site.kit import interpreter

    setup.prepare()
    interpreter.settle()
    for scenario, words in (("pays", "every event pays"), ("chat", "busy chat")):
        seconds: dict[bool, list[float]] = {True: [], False: []}
        for number in range(-2, rounds):
            order = (True, False) if number % 2 else (False, True)
            for is_counted in order:
                with nullcontext() if is_counted else uncounted():
                    took = _batch(scenario, f"{number}{is_counted}")
                if number >= 0:
                    seconds[is_counted].append(took)
        rates = {is_counted: BATCH / median(took) for is_counted, took in seconds.items()}
        pairs = [without / counted for counted, without in zip(seconds[True], seconds[False], strict=True)]
        print(f"{words}: {rates[True]:,.0f} events in a second of the processor counted, {rates[False]:,.0f} uncounted")
        print(f"  ratio {median(pairs):.3f} (median of {rounds} pairs; goal 0.97)")
    _scrape(items)


def _batch(scenario: str, name: str) -> float:
    """Return the processor's seconds for a batch of events, of which no other has the uids."""
    import json
    import time

    from joystick.inbox import receive
    from joystick.protocol.frames import ReceivedFrame, read_frame
    from joystick.simulator.happenings import chat, tip

    what = [
        tip(f"viewer{number % 300}", 10)
        if scenario == "pays"
        else chat(f"viewer{number % 300}", f"line {number} of {name}")
        for number in range(BATCH)
    ]
    frames = [read_frame(json.dumps({"identifier": "{}", "message": one.message("v2")})) for one in what]
    batch = [frame for frame in frames if isinstance(frame, ReceivedFrame)]
    began = time.thread_time()  # of the processor: how long the disk and others take says nothing about counting
    receive.receive(batch)
    return time.thread_time() - began


def _scrape(items: int) -> None:
    import time

    from effects.models import QueueItem, State
    from effects.registry import lanes
    from pixelbot_site.metrics import database, text

    names = lanes()
    for begin in range(0, items, 10_000):
        QueueItem.objects.bulk_create(
            QueueItem(kind="alert", lane=names[number % len(names)], title=f"item {number}", state=State.DONE)
            for number in range(begin, min(begin + 10_000, items))
        )
    QueueItem.objects.bulk_create(QueueItem(kind="alert", lane=names[0], title="waits") for _ in range(50))
    looks: dict[str, list[float]] = {"database": [], "kept": []}
    size = 0
    for _ in range(20):
        database.forget()
        for took in looks.values():
            began = time.perf_counter()
            size = len(text.of_everything())
            took.append((time.perf_counter() - began) * 1000)
    asked, kept = (median(took) for took in looks.values())
    print(f"/metrics with {items:,} ended items: {asked:.1f} ms where the database is asked, {kept:.1f} ms where not")
    print(f"  {size / 1024:.0f} KiB; the longest of 20: {max(looks['database']):.1f} ms")


if __name__ == "__main__":
    if sys.argv[1:2] == ["inside"]:
        inside(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
