"""`!sounds`: which sounds there are."""

from __future__ import annotations

from effects.media.sounds import playable
from joystick.registry import Call, command
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused

ONE_PAGE = phrases.refusal("sounds.one_page", "there is only one page")
NO_SUCH_PAGE = phrases.refusal("sounds.no_such_page", "choose a page from 1 to {pages}")
NONE = phrases.answer("sounds.none", "there are no sounds yet.")
ALL = phrases.answer("sounds.all", "{sounds}.")
PAGE = phrases.answer("sounds.page", "{sounds} (page {page} of {pages}).")

# Sounds on a page: about what fits into one line of chat.
PAGE_SIZE = 20


@command("sounds", help="the sounds that !sound plays", usage="[PAGE]")
def sounds(call: Call) -> str:
    """List a page of sounds, with the price of those that have one of their own."""
    rows = [f"{row.name} ({row.cost})" if row.cost is not None else row.name for row in playable()]
    pages = max(1, -(-len(rows) // PAGE_SIZE))
    page = call.argument(0) or "1"
    if not page.isdecimal() or not 1 <= int(page) <= pages:
        raise Refused(NO_SUCH_PAGE(pages=pages) if pages > 1 else ONE_PAGE())
    if not rows:
        return NONE()
    shown = ", ".join(rows[(int(page) - 1) * PAGE_SIZE : int(page) * PAGE_SIZE])
    return PAGE(sounds=shown, page=int(page), pages=pages) if pages > 1 else ALL(sounds=shown)
