"""What the streamer offers for viewers to choose from: nothing else in OBS can be reached."""

from __future__ import annotations

from pixelbot_site.kit.errors import Refused
from redeems.registry import Order


def chosen(order: Order) -> str:
    """The line of the row's choices that the viewer named: the whole of it, or what stands after its slash."""
    lines = [line.strip() for line in order.row.choices.splitlines() if line.strip()]
    if not lines:
        raise Refused(f"there is nothing to choose for !{order.row.key} yet")
    names = {line.partition("/")[2].strip() or line: line for line in lines}
    wanted = order.words.strip().casefold()
    for name, line in names.items():
        if wanted and wanted in (name.casefold(), line.casefold()):
            return line
    raise Refused(f"choose one: {', '.join(names)}")
