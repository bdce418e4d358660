"""`!queue`: how much is waiting."""

from __future__ import annotations

from effects import queue
from joystick.registry import Call, command


@command("queue", help="how many wait to be played, and your place")
def queue_(call: Call) -> str:
    """The queue's length, and the caller's place in it."""
    waiting, place = queue.place(call.viewer)
    if not waiting:
        return "nothing is waiting."
    mine = f" Yours is number {place}." if place else ""
    return f"{waiting} {'is' if waiting == 1 else 'are'} waiting.{mine}"
