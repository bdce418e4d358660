"""`!points`: what I have, or what somebody else has."""

from __future__ import annotations

from joystick.registry import Call, command


@command("points", "balance", help="how many points you have, or somebody else", usage="!points [VIEWER]")
def points(call: Call) -> str:
    """The balance of the caller, or of the viewer named."""
    if call.argument(0):
        other = call.somebody(0)
        return f"{other.username} has {counted(other.points.balance)}."
    return f"you have {counted(call.viewer.points.balance)}."


def counted(balance: int) -> str:
    """`1 point`, `5 points`."""
    return f"{balance} {'point' if balance == 1 else 'points'}"
