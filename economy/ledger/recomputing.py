"""Makes levels anew after the curve was changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from economy.ledger import xp
from economy.models import XP
from pixelbot_site.kit import pieces

SAMPLE = 50
# Viewers whose level one transaction makes anew.
PIECE = 2000


def stale() -> bool:
    """Return whether levels were computed with another curve than the settings have, by the viewers with most XP."""
    curve = xp.current_curve()
    most = XP.objects.order_by("-total").values_list("total", "level")[:SAMPLE]
    return any(curve.level(total) != level for total, level in most)


def recompute() -> Iterator[int]:
    """Make every level anew by the present curve, piece by piece; yields how many viewers are done. Nobody is rewarded
    for it, now or later. Waits after each piece, and holds only the rows that change.
    """
    done, piece = 0, recompute_piece(0)
    while piece.viewers:
        done += piece.viewers
        yield done
        if piece.changed:
            pieces.pause(time.monotonic() - piece.seconds)
        piece = recompute_piece(piece.last_id)


class RecomputedPiece(NamedTuple):
    """What one step of a recomputation did: the id to go on after, how many viewers it looked at and changed."""

    last_id: int
    viewers: int
    changed: int
    seconds: float


def recompute_piece(after: int) -> RecomputedPiece:
    """Make the levels of the next viewers anew, those with ids above `after`. At the end there are none left."""
    began, curve = time.monotonic(), xp.current_curve()
    standings = XP.objects.order_by("pk").values_list("pk", "total", "level", "rewarded_level")
    piece = list(standings.filter(pk__gt=after)[:PIECE])
    stale = [pk for pk, total, level, rewarded in piece if not level == curve.level(total) <= rewarded]
    if stale:
        xp.set_levels(stale, curve)
    return RecomputedPiece(piece[-1][0] if piece else after, len(piece), len(stale), time.monotonic() - began)
