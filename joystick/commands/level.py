"""`!level`: how far I am."""

from __future__ import annotations

from economy.ledger.levels import Curve, describe
from joystick.registry import Call, command


@command("level", "rank", "xp", help="your level and the way to the next")
def level(call: Call) -> str:
    """Level, XP, progress."""
    curve = Curve(call.rules.xp_base, call.rules.xp_exponent, call.rules.xp_max_level)
    return describe(curve, call.viewer.xp.total)
