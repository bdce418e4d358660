"""`!items`: what I have beside points."""

from __future__ import annotations

from economy.viewers import inventory
from joystick.registry import Call, command


@command("items", "inventory", help="the things that you have")
def items(call: Call) -> str:
    """Every item, and how many."""
    held = inventory.held(call.viewer)
    return ", ".join(f"{name} × {count}" if count > 1 else name for name, count in held) or "you have none yet."
