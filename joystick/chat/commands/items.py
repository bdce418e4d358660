"""`!items`: what the viewer has besides points."""

from __future__ import annotations

from economy.viewers import inventory
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

HELD = phrases.answer("items.held", "you have {items}.")
NONE = phrases.answer("items.none", "you have no items yet.")


@command("items", "inventory", help="the items that you have")
def items(call: Call) -> str:
    """List every item, with how many there are of it."""
    names = [f"{name} × {count}" if count > 1 else name for name, count in inventory.held(call.viewer)]
    return HELD(items=", ".join(names)) if names else NONE()
