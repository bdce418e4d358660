"""`!level`: the viewer's level."""

from __future__ import annotations

from economy.ledger import xp
from economy.ledger.currencies import XP_LEDGER
from joystick.registry import Call, command
from pixelbot_site.kit import phrases

OWN = phrases.answer("level.own", "{standing}")
OTHERS = phrases.answer("level.others", "{user}: {standing}")
STANDING = phrases.answer("level.standing", "Level {level} · XP {xp} · {within}/{needed} ({percent}%)")
TOP = phrases.answer("level.top", "Level {level} · XP {xp} · top level")


@command("level", "rank", "xp", help="your level and the way to the next", usage="[VIEWER]")
def level(call: Call) -> str:
    """Show level, XP and the progress to the next level, of the caller or of the viewer named."""
    if call.argument(0):
        other = call.somebody(0)
        return OTHERS(user=other.username, standing=_standing(call, other.pk))
    return OWN(standing=_standing(call, call.viewer.pk))


def _standing(call: Call, viewer_id: int) -> str:
    total = XP_LEDGER.amount_of(viewer_id)
    level, within, needed = xp.curve_of(call.rules).progress(total)
    if needed == 0:
        return TOP(level=level, xp=total)
    return STANDING(level=level, xp=total, within=within, needed=needed, percent=within * 100 // needed)
