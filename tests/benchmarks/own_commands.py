"""What many commands of one's own and timers cost everything else: `python -m tests.benchmarks.own_commands [--quick]`.

In one process and on one database, in turn with and without 1,000 commands and 200 timers: lines of chat a second through
the inbox, and the time from a line with `!points` to its stored answer. Goal of both ratios: at least 0.95.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from statistics import median

from tests.processes import ROOT

COMMANDS, TIMERS = 1000, 200


def main() -> None:
    """Measure in a process with the bot's settings, and print."""
    rounds, lines = ("2", "400") if "--quick" in sys.argv else ("9", "6000")
    with tempfile.TemporaryDirectory(prefix="pixelbot-benchmark-") as folder:
        environment = {
            **os.environ,
            "DATA_DIR": folder,
            "ENV_FILE": os.devnull,
            "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings",
        }
        command = [sys.executable, "-m", "tests.benchmarks.own_commands", "inside", rounds, lines]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)


def inside(rounds: int, lines: int) -> None:
    """Measure, with Django set up."""
    import logging

    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    from django.utils import timezone

    from joystick.chat import answering, timers
    from joystick.models import CustomCommand, Timer
    from pixelbot_site import setup
    from pixelbot_site.kit import interpreter

    setup.prepare()
    CustomCommand.objects.bulk_create(
        CustomCommand(word=f"own{number}", answers="{user} says {rest|nothing}", enabled=False)
        for number in range(COMMANDS)
    )
    Timer.objects.bulk_create(Timer(name=str(number), lines="hello", enabled=False) for number in range(TIMERS))
    interpreter.settle()
    rates: dict[bool, list[float]] = {False: [], True: []}
    replies: dict[bool, list[float]] = {False: [], True: []}
    ticks: list[float] = []
    _rate(lines // 4, "warm")
    for number in range(rounds):
        for there in (False, True):
            CustomCommand.objects.update(enabled=there)
            Timer.objects.update(enabled=there)
            answering.read_again()
            rates[there].append(_rate(lines, f"{number}{there}"))
            replies[there] += _replies(min(lines // 20, 100), f"{number}{there}")
            if there:
                began = _now()
                timers.run_due(now=timezone.now())
                ticks.append((_now() - began) * 1000)
    less, more = (median(rates[there]) for there in (False, True))
    quick, slow = (median(replies[there]) for there in (False, True))
    print(f"lines of chat: {more:,.0f}/s with {COMMANDS} commands and {TIMERS} timers, {less:,.0f}/s without")
    print(f"  ratio {more / less:.2f} (goal 0.95)")
    print(f"!points answered (p50): {slow:.2f} ms with them, {quick:.2f} ms without")
    print(f"  ratio {quick / slow:.2f} (goal 0.95)")
    print(f"a look at the timers, every ten seconds: {median(ticks):.2f} ms")


def _now() -> float:
    import time

    return time.perf_counter()


def _rate(lines: int, name: str) -> float:
    """Return lines a second, in batches as large as the bot takes them."""
    from joystick.gateway.batch_size import BatchSize
    from joystick.inbox import receive
    from joystick.protocol.frames import ReceivedFrame, read_frame

    frames = [_frame(f"viewer{number % 300}", f"line {number} of {name}") for number in range(lines)]
    size, done, began = BatchSize(), 0, _now()
    while done < lines:
        batch, start = frames[done : done + size.size], _now()
        receive.receive([frame for frame in map(read_frame, batch) if isinstance(frame, ReceivedFrame)])
        size.record(len(batch), _now() - start)
        done += len(batch)
    return lines / (_now() - began)


def _replies(count: int, name: str) -> list[float]:
    """Return the milliseconds that each of so many `!points` took, by viewers who are not on cooldown."""
    from joystick.inbox import receive
    from joystick.protocol.frames import ReceivedFrame, read_frame

    found = []
    for number in range(count):
        began = _now()
        received = read_frame(_frame(f"asker{number}of{name}", "!points"))
        assert isinstance(received, ReceivedFrame)
        receive.receive([received])
        found.append((_now() - began) * 1000)
    return found


def _frame(user: str, text: str) -> str:
    from joystick.simulator.happenings import chat

    return json.dumps({"identifier": "{}", "message": chat(user, text).message("v2")})


if __name__ == "__main__":
    if sys.argv[1:2] == ["inside"]:
        inside(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
