"""An item of the tip menu that is locked."""

from __future__ import annotations

from joystick.protocol.events import TipMenuItem
from joystick.reactions.kinds import Occasion, occasion


@occasion(
    "item_locked",
    TipMenuItem,
    title="an item of the tip menu is locked",
    words={"title": "something", "tokens": 50},
    amount="tokens",
    subject="menu item",
    has_viewer=False,
)
def item_locked(event: TipMenuItem) -> Occasion | None:
    """Return the occasion of an item that is locked; `tokens` is its price."""
    if event.kind != "tip_menu_item_locked":
        return None
    tokens = "some" if event.price is None else event.price
    return Occasion(event.username, event.title, {"title": event.title, "tokens": tokens})
