"""An item of the tip menu that is unlocked."""

from __future__ import annotations

from joystick.protocol.events import TipMenuItem
from joystick.reactions.kinds import Occasion, occasion, titled


@occasion(
    "item_unlocked",
    TipMenuItem,
    only="tip_menu_item_unlocked",
    title="an item of the tip menu is unlocked",
    words={"title": "something", "tokens": 50},
    amount="tokens",
    subject="menu item",
    has_viewer=False,
)
def item_unlocked(event: TipMenuItem) -> Occasion:
    """Return the occasion; `tokens` is the item's price."""
    return titled(event, event.price)
