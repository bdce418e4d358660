"""Each evening of the simulator, played fast to the running bot: everything is handled, and the ledger agrees with itself."""

from __future__ import annotations

import asyncio

import pytest

from joystick.simulator.scenarios import SCENARIOS, play
from joystick.simulator.server import Simulator
from tests.processes import BotProcess, SimulatorThread, wait_until

SPEED = 40


async def play_for(simulator: Simulator, name: str, seconds: float) -> None:
    """Play some seconds of a scenario, at SPEED."""
    simulator.options.speed, simulator.options.echo = SPEED, True
    try:
        async with asyncio.timeout(seconds):
            await play(simulator, name, seed=3)
    except TimeoutError:
        await simulator.flush()


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - {"bad-night"}))
def test_an_evening(bot: BotProcess, simulator: SimulatorThread, name: str) -> None:
    simulator.call(play_for(simulator.simulator, name, 3))
    delivered = len(simulator.simulator.delivered)
    assert delivered > 15
    wait_until(lambda: bot.one("SELECT count(*) FROM joystick_inboundevent") >= delivered, "all is stored", within=30)
    assert bot.one("SELECT count(*) FROM joystick_inboundevent WHERE state != 'handled'") == 0
    tips = {
        event.uid: event.data["how_much"] for event in simulator.simulator.delivered.values() if event.kind == "tipped"
    }
    assert dict(bot.rows("SELECT event, delta FROM economy_transaction WHERE source = 'tip'")) == tips
    said = [event for event in simulator.simulator.delivered.values() if event.kind == "new_message"]
    lines = {event.username for event in said if not event.text.startswith("!")}  # commands earn nothing
    assert bot.one("SELECT count(DISTINCT viewer_id) FROM economy_transaction WHERE source = 'chat'") == len(
        {name.casefold() for name in lines} - {"pixelbot"}
    )
    assert bot.one("SELECT sum(balance) FROM economy_points") == bot.one("SELECT sum(delta) FROM economy_transaction")
    assert bot.one("SELECT sum(total) FROM economy_xp") == bot.one("SELECT sum(delta) FROM economy_xptransaction")
    assert bot.one("SELECT min(balance) FROM economy_points") >= 0
    assert bot.one("SELECT count(*) FROM economy_viewer WHERE key = 'pixelbot'") == 0
    assert "Traceback" not in bot.text()


def test_a_raid_is_greeted_and_its_crowd_is_here(bot: BotProcess, simulator: SimulatorThread) -> None:
    simulator.call(play_for(simulator.simulator, "raid", 3))
    wait_until(
        lambda: any("LowTideLena drops in with 37 viewers" in line for line in simulator.lines()), "the greeting"
    )
    assert (
        bot.one("SELECT balance FROM economy_points JOIN economy_viewer ON id = viewer_id WHERE key = 'lowtidelena'")
        == 100
    )
    here = "SELECT count(*) FROM economy_presence JOIN economy_viewer ON id = viewer_id WHERE key LIKE 'raider%'"
    assert 10 <= bot.one(here) <= 37


def test_the_same_seed_gives_the_same_evening() -> None:
    import random

    from joystick.simulator.happenings import Happening

    def first(name: str, seed: int) -> list[tuple[float, object]]:
        steps = SCENARIOS[name](random.Random(seed))
        taken = [next(steps) for _ in range(60)]
        return [
            (pause, (step.kind, step.username, step.text) if isinstance(step, Happening) else step)
            for pause, step in taken
        ]

    for name in SCENARIOS:
        assert first(name, 1) == first(name, 1) != first(name, 2)
