"""`!points`: what I have."""

from __future__ import annotations

from joystick.registry import Call, command


@command("points", "balance", help="how many points you have")
def points(call: Call) -> str:
    """The caller's balance."""
    balance = call.viewer.points.balance
    return f"you have {balance} {'point' if balance == 1 else 'points'}."
