"""Evenings on a simulated channel: who does what, and when. The same seed gives the same evening."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterator

from joystick.simulator.happenings import (
    Happening,
    chat,
    enter,
    follow,
    leave,
    subscribe,
    tip,
    viewer_count,
)
from joystick.simulator.server import Simulator

log = logging.getLogger("simulator")

Step = tuple[float, Happening]
"""Seconds to wait, then what happens."""
Scenario = Callable[[random.Random], Iterator[Step]]

CROWD = [
    "MossyLantern",
    "quillbadger",
    "TinPanSally",
    "NorthPier77",
    "CopperKettle",
    "RookAndRye",
    "VelvetMoth",
    "Oxbow_9",
]
LINES = [
    "evening everyone!",
    "how is the harbour tonight?",
    "that was close",
    "love the new lights",
    "brb, tea",
    "hello from the night shift",
    "is this the same game as yesterday?",
    "this song is great",
    "😂😂",
    "good luck!",
]
SPOKEN = ["hello everybody", "you are doing great tonight", "greetings from the back row", "drink some water"]


def quiet_evening(rng: random.Random) -> Iterator[Step]:
    """A small crowd that arrives, tips, follows, subscribes, tries the commands, and then goes on chatting."""
    yield from opening()
    while True:
        yield rng.uniform(2, 7), ordinary(rng)


def busy_night(rng: random.Random) -> Iterator[Step]:
    """The same with a full chat."""
    yield from opening()
    while True:
        yield rng.uniform(0.02, 0.4), ordinary(rng)


def opening() -> Iterator[Step]:
    """The first ten seconds: something of everything, so that a new streamer sees what the bot does."""
    yield 0.3, enter("MossyLantern")
    yield 0.2, enter("quillbadger")
    yield 0.3, chat("MossyLantern", "evening everyone!")
    yield 0.5, tip("quillbadger", 120, "Water break")
    yield 0.7, chat("quillbadger", "!points")
    yield 0.6, chat("quillbadger", "!tts hello everybody, the bot is awake")
    yield 0.8, enter("TinPanSally")
    yield 0.4, follow("TinPanSally")
    yield 0.6, chat("TinPanSally", "!help", "new")
    yield 0.8, subscribe("NorthPier77", 3)
    yield 0.9, chat("NorthPier77", "!level", "subscriber")
    yield 0.8, tip("MossyLantern", 1000)
    yield 1.0, viewer_count(24)
    yield 1.0, chat("VelvetMoth", "!tts can I do that too?")


def ordinary(rng: random.Random) -> Happening:
    """One thing of an ordinary evening."""
    who = rng.choice(CROWD)
    roll = rng.random()
    if roll < 0.52:
        return chat(who, rng.choice(LINES))
    if roll < 0.60:
        return chat(who, rng.choice(["!points", "!level", "!help"]))
    if roll < 0.75:
        return chat(who, f"!tts {rng.choice(SPOKEN)}")
    if roll < 0.88:
        return tip(who, rng.choice([5, 10, 15, 25, 50, 100]))
    if roll < 0.91:
        return follow(who)
    if roll < 0.92:
        return subscribe(who)
    return rng.choice([enter, leave])(who)


SCENARIOS: dict[str, Scenario] = {"quiet-evening": quiet_evening, "busy-night": busy_night}


async def play(simulator: Simulator, name: str, *, seed: int = 1) -> None:
    """Play the scenario to whoever is subscribed, from the moment that somebody is. It goes on until cancelled."""
    await simulator.subscribed.wait()
    log.info("playing %s (seed %d)", name, seed)
    for pause, happening in SCENARIOS[name](random.Random(seed)):
        await asyncio.sleep(pause)
        await simulator.happen(happening)
