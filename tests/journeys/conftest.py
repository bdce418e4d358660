"""A bot as a real process, and what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import BotProcess, SimulatorThread


@pytest.fixture
def make_bot(tmp_path: Path, free_port: int, simulator: SimulatorThread) -> Iterator[Callable[..., BotProcess]]:
    """Makes bots on one data folder, on the simulated Joystick; each is ended with the test."""
    made: list[BotProcess] = []

    def make(*arguments: str, **environment: str) -> BotProcess:
        credentials = {"JOYSTICK_GATEWAY_URL": simulator.simulator.url, "JOYSTICK_GATEWAY_TOKEN": "a-token"}
        made.append(BotProcess(tmp_path / "data", free_port, *arguments, **{**credentials, **environment}))
        return made[-1]

    yield make
    for bot in made:
        bot.kill()


@pytest.fixture
def bot(make_bot: Callable[..., BotProcess], simulator: SimulatorThread) -> BotProcess:
    """A running bot that is connected."""
    running = make_bot().start()
    simulator.wait_subscribed()
    return running
