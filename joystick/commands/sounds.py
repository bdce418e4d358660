"""`!sounds`: which sounds there are."""

from __future__ import annotations

from effects.sounds import playable
from joystick.registry import Call, command
from pixelbot_site.kit.errors import Refused

# Sounds on a page: about what fits into one line of chat.
PAGE_SIZE = 20


@command("sounds", help="the sounds that !sound plays", usage="!sounds [PAGE]")
def sounds(call: Call) -> str:
    """List a page of sounds, with the price of those that have one of their own."""
    rows = [f"{row.name} ({row.cost})" if row.cost is not None else row.name for row in playable()]
    pages = max(1, -(-len(rows) // PAGE_SIZE))
    page = call.argument(0) or "1"
    if not page.isdecimal() or not 1 <= int(page) <= pages:
        raise Refused("there is only one page" if pages == 1 else f"choose a page from 1 to {pages}")
    if not rows:
        return "there are no sounds yet."
    shown = ", ".join(rows[(int(page) - 1) * PAGE_SIZE : int(page) * PAGE_SIZE])
    return f"{shown} (page {page} of {pages})." if pages > 1 else f"{shown}."
