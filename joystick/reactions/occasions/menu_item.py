"""A tip for an item of the tip menu."""

from __future__ import annotations

from joystick.protocol.events import Tip
from joystick.reactions.kinds import Occasion, occasion


@occasion(
    "menu_item",
    Tip,
    title="somebody tips for an item of the tip menu",
    words={"item": "something", "tokens": 50},
    amount="tokens",
    subject="menu item",
    is_thanks=True,
    chain="tip",
    rank=0,
)
def menu_item(tip: Tip) -> Occasion | None:
    """Return the occasion of a tip that names an item; None for any other tip."""
    if not tip.item:
        return None
    return Occasion(tip.username, tip.item, {"tokens": tip.tokens, "item": tip.item})
