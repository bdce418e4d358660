"""A tip, whatever it is for."""

from __future__ import annotations

from joystick.protocol.events import Tip
from joystick.reactions.kinds import Occasion, occasion


@occasion(
    "tip",
    Tip,
    title="somebody tips",
    words={"tokens": 50, "item": "something"},
    amount="tokens",
    is_thanks=True,
    chain="tip",
    rank=1,
)
def tip(tip: Tip) -> Occasion:
    """Return the occasion of a tip. What it is for goes before (`menu_item`)."""
    return Occasion(tip.username, words={"tokens": tip.tokens, "item": tip.item})
