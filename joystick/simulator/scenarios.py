"""Evenings on a simulated channel: who does what, and when. The same seed gives the same evening."""

from __future__ import annotations

import itertools
import logging
import random
from collections.abc import Callable, Iterator

from joystick.simulator.happenings import (
    Happening,
    chat,
    enter,
    follow,
    gift,
    goal,
    leave,
    raid,
    spin,
    started,
    subscribe,
    tip,
    viewer_count,
)
from joystick.simulator.incidents import (
    Incident,
    again,
    drop,
    end_without_a_frame,
    freeze,
    hammer,
    last_goodbye,
    reject,
    restart,
    token_expires,
)
from joystick.simulator.server import Simulator

log = logging.getLogger("simulator")

Step = tuple[float, Happening | Incident]
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
    """A small crowd arrives, tips, follows, subscribes, tries the commands, spins the wheel, and goes on chatting."""
    yield from opening()
    yield 1.5, chat("quillbadger", "!sound fanfare")
    yield 2.0, chat("MossyLantern", "!spin")
    while True:
        yield rng.uniform(2, 7), ordinary(rng)


def before_the_show(rng: random.Random) -> Iterator[Step]:
    """The stream has begun, and a few viewers chat. Nothing happens that an overlay would show."""
    yield 0.0, started()
    while True:
        yield rng.uniform(2, 5), chat(rng.choice(CROWD), rng.choice([*LINES, "!points"]))


def show(rng: random.Random) -> Iterator[Step]:
    """The first ten seconds of an evening, and then a wheel, a level-up, a big tip and a raid about every minute."""
    steps = opening()
    next(steps)  # the stream has begun: `before_the_show`
    yield from steps
    yield 1.5, chat("quillbadger", "!sound fanfare")
    for evening in itertools.count(1):
        yield 2.0, chat("MossyLantern", "!spin")
        for _ in range(9):
            yield rng.uniform(2, 6), ordinary(rng)
        yield 1.0, tip(f"Newcomer{evening}", 1000)  # their first: it lifts them a level
        yield 8.0, raid("LowTideLena", 12)
        yield 6.0, tip("MossyLantern", 200)  # the price of the next spin


def busy_night(rng: random.Random) -> Iterator[Step]:
    """The same with a full chat."""
    yield from opening()
    while True:
        yield rng.uniform(0.02, 0.4), ordinary(rng)


def opening() -> Iterator[Step]:
    """The first ten seconds: something of everything, so that a new streamer sees what the bot does."""
    yield 0.0, started()
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


def raid_night(rng: random.Random) -> Iterator[Step]:
    """Another streamer drops in with a crowd, which comes in, talks all at once, and partly stays."""
    yield from opening()
    yield 2.0, raid("LowTideLena", 37)
    crowd = [f"Raider{number}" for number in range(37)]
    for name in crowd:
        yield rng.uniform(0.02, 0.2), enter(name)
        yield rng.uniform(0.0, 0.1), chat(name, rng.choice(["hello from Lena's!", "raid!", "who is that?", "!help"]))
    for name in rng.sample(crowd, 20):
        yield rng.uniform(0.1, 0.6), rng.choice([leave, follow])(name)
    while True:
        yield rng.uniform(0.5, 3), ordinary(rng)


def spam_wave(rng: random.Random) -> Iterator[Step]:
    """Twenty accounts that shout the same, try every command and mistype it, while others go on talking."""
    yield from opening()
    shouts = [
        "BUY FOLLOWERS AT EXAMPLE DOT INVALID",
        "!points",
        "!tts spam",
        "!pionts",
        "!give quillbadger 1",
        "a" * 3000,
    ]
    while True:
        for _ in range(20):
            yield rng.uniform(0.0, 0.05), chat(f"Spammer{rng.randrange(20)}", rng.choice(shouts))
        yield 0.05, ordinary(rng)


def bad_night(rng: random.Random) -> Iterator[Step]:
    """Six minutes in which everything goes wrong with the server, one after another; then it is over."""
    yield from opening()
    for incident in (drop, token_expires, freeze, restart, reject, end_without_a_frame, last_goodbye, hammer, again):
        for _ in range(8):
            yield rng.uniform(0.2, 1.0), ordinary(rng)
        name = rng.choice(CROWD)
        yield 0.2, leave(name)  # out of order: gone before having come, a goal moved before its tip
        yield 0.0, enter(name)
        yield 0.0, goal(name, 25, 1000)
        yield 0.0, tip(name, 25)
        yield 1.0, incident
        yield 30.0, again
    yield 1.0, chat("MossyLantern", "what a night")


def ordinary(rng: random.Random) -> Happening:
    """One thing of an ordinary evening."""
    who = rng.choice(CROWD)
    roll = rng.random()
    if roll < 0.45:
        return chat(who, rng.choice(LINES))
    if roll < 0.52:
        return chat(who, rng.choice(["!points", "!level", "!help"]))
    if roll < 0.66:
        return chat(who, f"!tts {rng.choice(SPOKEN)}")
    if roll < 0.88:
        return tip(who, rng.choice([5, 15, 25, 50, 100, 150]))
    if roll < 0.91:
        return follow(who)
    if roll < 0.92:
        return subscribe(who)
    if roll < 0.93:
        return rng.choice([spin(who, 50, "Silly hat"), gift(who, 2)])
    return rng.choice([enter, leave])(who)


SCENARIOS: dict[str, Scenario] = {
    "quiet-evening": quiet_evening,
    "busy-night": busy_night,
    "raid": raid_night,
    "spam-wave": spam_wave,
    "bad-night": bad_night,
    # The two of `runbot --demo`.
    "before-the-show": before_the_show,
    "show": show,
}


async def play(simulator: Simulator, name: str, *, seed: int = 1) -> None:
    """Play the scenario to whoever is subscribed, from the moment that somebody is, until its end if it has one."""
    await simulator.subscribed.wait()
    log.info("playing %s (seed %d)", name, seed)
    for pause, step in SCENARIOS[name](random.Random(seed)):
        await simulator.sleep(pause)
        if isinstance(step, Happening):
            await simulator.happen(step)
        else:
            log.info("%s", step.__name__.replace("_", " "))
            await step(simulator)
    log.info("%s is over", name)
