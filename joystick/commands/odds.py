"""`!odds`: what the wheel may bring."""

from __future__ import annotations

from effects import wheel
from joystick.registry import Call, command


@command("odds", help="the chances on the wheel")
def odds(call: Call) -> str:
    """Every prize that the caller can win now, with its chance."""
    return ", ".join(f"{name} {chance:.1%}" for name, chance in wheel.odds(call.viewer)) or "there is nothing to win."
