"""An item of the tip menu that is unlocked."""

from __future__ import annotations

from joystick.protocol.events import TipMenuItem
from joystick.reactions.kinds import Occasion, occasion


@occasion(
    "item_unlocked",
    TipMenuItem,
    title="an item of the tip menu is unlocked",
    words={"title": "something", "tokens": 50},
    amount="tokens",
    subject="menu item",
    has_viewer=False,
)
def item_unlocked(event: TipMenuItem) -> Occasion | None:
    """Return the occasion of an item that is unlocked; `tokens` is its price."""
    if event.kind != "tip_menu_item_unlocked":
        return None
    tokens = "some" if event.price is None else event.price
    return Occasion(event.username, event.title, {"title": event.title, "tokens": tokens})
