"""`!sounds`: which sounds there are."""

from __future__ import annotations

from effects import sounds as known
from joystick.registry import Call, command
from pixelbot_site.kit.errors import Refused

PAGE = 20


@command("sounds", help="the sounds that !sound plays", usage="!sounds [PAGE]")
def sounds(call: Call) -> str:
    """A page of names, with the price of those that have their own."""
    rows = [f"{row.name} ({row.cost})" if row.cost is not None else row.name for row in known.playable()]
    pages = max(1, -(-len(rows) // PAGE))
    page = call.argument(0) or "1"
    if not page.isdecimal() or not 1 <= int(page) <= pages:
        raise Refused(f"there {'is one page' if pages == 1 else f'are {pages} pages'}")
    shown = ", ".join(rows[(int(page) - 1) * PAGE : int(page) * PAGE]) or "there are none yet"
    return f"{shown} (page {page} of {pages})" if pages > 1 else shown
