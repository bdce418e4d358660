"""An item of the tip menu that is locked."""

from __future__ import annotations

from joystick.protocol.events import TipMenuItem
from joystick.reactions.kinds import Occasion, occasion, titled


@occasion(
    "item_locked",
    TipMenuItem,
    only="tip_menu_item_locked",
    title="an item of the tip menu is locked",
    words={"title": "something", "tokens": 50},
    amount="tokens",
    subject="menu item",
    has_viewer=False,
)
def item_locked(event: TipMenuItem) -> Occasion:
    """Return the occasion; `tokens` is the item's price."""
    return titled(event, event.price)
