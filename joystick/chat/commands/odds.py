"""`!odds`: the chances on the wheel."""

from __future__ import annotations

from effects import wheel
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

CHANCES = phrases.answer("odds.chances", "your chances: {chances}.")
NOTHING = phrases.answer("odds.nothing", "there is nothing to win at the moment.")


@command("odds", help="the chances on the wheel")
def odds(call: Call) -> str:
    """List every prize that the caller can win now, with its chance."""
    chances = [f"{prize} {chance:.1%}" for prize, chance in wheel.odds(call.viewer)]
    return CHANCES(chances=", ".join(chances)) if chances else NOTHING()
