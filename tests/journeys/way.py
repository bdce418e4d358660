"""The way of an event, walked the same in every set-up: frame in, points, a spoken line on an overlay's socket."""

from __future__ import annotations

import io
import re
import urllib.request
import wave
from collections.abc import Callable
from typing import Any

from joystick.simulator.happenings import chat, tip
from tests.processes import SimulatorThread, overlay_socket, play_next, wait_until

Ask = Callable[[str], Any]
"""Takes a query, returns the first column of its first row."""

POINTS = "SELECT balance FROM economy_points JOIN economy_viewer ON id = viewer_id WHERE key = 'bob'"
# Of what was bought: the first reactions show alerts beside it.
STATE = "SELECT state FROM effects_queueitem WHERE kind <> 'alert' ORDER BY id DESC LIMIT 1"
LISTENERS = "SELECT state FROM joystick_connection"
# What the log says of a line with !tts, each time with its uid.
STEPS = (
    "received: ChatMessage",
    r"bought: tts by Bob, 0\.\d+ s after it came",
    r"claimed: speak \d+: hello",
    r"sent to the overlays: speak \d+: hello",
    r"plays: speak \d+: hello",
    r"done: speak \d+: hello",
)


def walk(simulator: SimulatorThread, overlay_url: str, ask: Ask) -> str:
    """Bob tips 100 tokens, has a line spoken for 25 points, and hears that it was. Return the uid of his line."""
    line = chat("Bob", "!tts hello")
    with overlay_socket(overlay_url) as overlay:
        simulator.happen(tip("Bob", 100), line, chat("Bob", "!points"))
        frame = play_next(overlay)
        assert frame["text"] == "Bob said: hello"
        with urllib.request.urlopen(f"{overlay_url}speech/{frame['item']}.wav", timeout=10) as answer:
            speech = io.BytesIO(answer.read())
        with wave.open(speech) as wav:
            assert wav.getnframes() / wav.getframerate() > 0.4
        wait_until(lambda: ask(STATE) == "done", "the item is done")
    assert ask(POINTS) == 75
    wait_until(lambda: len(simulator.lines()) == 3, "what the bot says")
    assert sorted(simulator.lines()) == [
        "@Bob done, it is in the queue. 75 points left.",
        "@Bob you have 75 points.",
        "Thank you for 100 tokens, Bob!",
    ]
    return line.uid


def lines_of(uid: str, log: str) -> list[str]:
    """Return what the log says with this uid, in its order."""
    return [line.partition(f" [{uid}] ")[2] for line in log.splitlines() if uid in line]


def steps_in(lines: list[str]) -> list[str]:
    """Return the STEPS that the lines are."""
    return [step for line in lines for step in STEPS if re.fullmatch(step, line)]
