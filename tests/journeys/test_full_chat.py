"""Two minutes of five events a second, ten times as fast as life: more to say than chat has room for."""

from __future__ import annotations

import asyncio
import random
import re
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from joystick.account.credentials import Fixed
from joystick.gateway.listener import Listener
from joystick.gateway.outgoing import waiting
from joystick.gateway.outgoing.waiting import Limits
from joystick.models import Connection
from joystick.reactions import defaults
from joystick.simulator.happenings import Happening, chat, follow, tip
from joystick.simulator.options import Options
from tests.processes import SimulatorThread

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

SPEED = 10
EVENTS = 600
# Lines within which every answer is said. A queue of 50 lines, one a second, made them up to 50 s late.
ANSWERED_WITHIN = 20
LARGE = 300


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """The bot's waits, as much shorter as the evening."""
    faster = {name: Limits(limits.age / SPEED, limits.patience / SPEED) for name, limits in waiting.LIMITS.items()}
    monkeypatch.setattr(waiting, "LIMITS", faster)
    settings.COMMAND_COOLDOWN_SECONDS = 0
    settings.XP_BASE = 10**6


def evening() -> list[Happening]:
    """A quarter of it is commands; one in twelve is a large tip, and one in five a smaller one."""
    rng = random.Random(1)
    happenings: list[Happening] = []
    for number in range(EVENTS):
        roll = rng.random()
        if roll < 0.25:
            happenings.append(chat(f"Asker{number}", "!points"))
        elif roll < 0.33:
            happenings.append(tip(f"Tipper{number}", LARGE + number))
        elif roll < 0.53:
            happenings.append(tip(f"Giver{rng.randrange(20)}", rng.choice([25, 50, 100])))
        elif roll < 0.56:
            happenings.append(follow(f"Follower{number}"))
        else:
            happenings.append(chat(f"Talker{rng.randrange(20)}", "hello"))
    return happenings


async def test_every_large_tip_is_thanked_and_every_question_answered_soon() -> None:
    await sync_to_async(defaults.seed)()
    with SimulatorThread(Options(ping_every=0.3)) as joystick:
        simulator = joystick.simulator
        listener = Listener(url=simulator.url, credentials=Fixed("t"), rate_limit=1 / SPEED)
        line = asyncio.create_task(listener.run())
        await asyncio.to_thread(joystick.wait_subscribed)
        happenings = evening()
        said_before = {}
        for happening in happenings:
            said_before[happening.username] = len(simulator.actions)
            joystick.happen(happening)
            await asyncio.sleep(1 / 5 / SPEED)
        askers = {name for name in said_before if name.startswith("Asker")}
        async with asyncio.timeout(30):
            # Whatever still waits when the line is cancelled counts as unsaid.
            while len(listener.gateway.outgoing) or not askers <= set(
                re.findall(r"Asker\d+", "".join(joystick.lines()))
            ):
                await asyncio.sleep(0.1)
        line.cancel()
        await asyncio.wait([line])
        said = joystick.lines()

    tippers = {name for name in said_before if name.startswith("Tipper")}
    assert len(tippers) > 40
    assert tippers <= set(re.findall(r"Tipper\d+", "".join(said)))
    # Counted in lines, one of which is said each second: so a machine that is busy for a moment changes nothing.
    waits = [number - said_before[name] for number, text in enumerate(said) for name in re.findall(r"Asker\d+", text)]
    assert max(waits) <= ANSWERED_WITHIN
    # Chat was spared, and nothing was left out, since alike lines were said together.
    assert len(said) < 0.7 * sum(it.text == "!points" or it.kind != "new_message" for it in happenings)
    assert (await sync_to_async(Connection.objects.get)()).unsaid == 0
