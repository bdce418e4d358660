"""A console that nobody reads (a click into a Windows console, Ctrl-S, `| less`) stops nothing."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable

import pytest

from joystick.simulator.happenings import chat, tip
from tests.journeys.way import POINTS
from tests.processes import ROOT, BotProcess, SimulatorThread, wait_until

PIPE = 64 * 1024  # what Linux takes before a writer waits


@pytest.mark.parametrize("streams", ["one pipe", "two pipes"])
def test_events_are_stored_and_paid_while_nobody_reads_the_output(
    make_bot: Callable[..., BotProcess], simulator: SimulatorThread, streams: str
) -> None:
    bot = make_bot(LOG_LEVEL="DEBUG", MESSAGE_RATE_LIMIT="1")
    command = [bot.command[0], "-W", "always", *bot.command[1:]]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=bot.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if streams == "one pipe" else subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        try:
            while "Stop with Ctrl-C" not in process.stdout.readline():
                pass
            simulator.wait_subscribed()
            for number in range(40):
                simulator.happen(*(chat(f"{'viewer' * 10}{number}-{turn}", "!points") for turn in range(25)))
            simulator.happen(tip("Bob", 50))
            wait_until(lambda: bot.one(POINTS) == 50, "the tip behind them is paid", within=60)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
        written = process.stdout.read() + (process.stderr.read() if process.stderr else "")
        assert len(written) >= PIPE - 4096, "the output was never full"
