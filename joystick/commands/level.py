"""`!level`: the viewer's level."""

from __future__ import annotations

from economy.ledger import xp
from economy.ledger.currencies import XP_LEDGER
from economy.ledger.levels import describe
from joystick.registry import Call, command


@command("level", "rank", "xp", help="your level and the way to the next", usage="!level [VIEWER]")
def level(call: Call) -> str:
    """Show level, XP and the progress to the next level, of the caller or of the viewer named."""
    if call.argument(0):
        other = call.somebody(0)
        return f"{other.username}: {describe(xp.curve_of(call.rules), XP_LEDGER.amount_of(other.pk))}"
    return describe(xp.curve_of(call.rules), XP_LEDGER.amount_of(call.viewer.pk))
