"""`!items`: what the viewer has besides points."""

from __future__ import annotations

from economy.viewers import inventory
from joystick.registry import Call, command


@command("items", "inventory", help="the items that you have")
def items(call: Call) -> str:
    """List every item, with how many there are of it."""
    names = [f"{name} × {count}" if count > 1 else name for name, count in inventory.held(call.viewer)]
    return f"you have {', '.join(names)}." if names else "you have no items yet."
