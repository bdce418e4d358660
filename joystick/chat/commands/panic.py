"""`!panic`: silence, at once."""

from __future__ import annotations

from economy.viewers.roles import Role
from effects.queue import control
from joystick.chat import built_in
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

DONE = phrases.result(
    "panic.done", "stopped everything and cancelled {count} {count:item|items}. Use !{calm} to go on."
)


@command("panic", help="stop everything, give {points.name} back, pause", role=Role.MODERATOR, cooldown=0)
def panic(call: Call) -> str:
    """Stop all sound and pictures, cancel what waits, and pause every lane until `!calm`."""
    count = control.panic(by=call.viewer.username)
    return DONE(count=count, calm=built_in.word_of("calm") or "calm")
