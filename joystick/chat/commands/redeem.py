"""`!redeem KEY TEXT`: buys what `!KEY TEXT` buys."""

from __future__ import annotations

from joystick.chat import dispatch
from joystick.registry import Call, command


@command("redeem", "buy", help="buy something that !redeems lists", usage="NAME [TEXT]", cooldown=0)
def redeem(call: Call) -> str:
    """Buy the redeem named, as its own word (`!sound ding`) does."""
    key, _, words = call.words.partition(" ")
    if not key:
        raise call.misused()
    return dispatch.buy(call, key.removeprefix("!").casefold(), words.strip())
