"""XP: awarded in sets, and what was reached by it is returned, not announced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from economy.levels import Curve
from economy.models import XP, LevelReward, Viewer, XPTransaction


@dataclass(frozen=True, slots=True)
class XPAward:
    """`amount` XP (> 0) for the viewer with the key `viewer`. `reference` names the cause, unique for ever."""

    viewer: str
    amount: int
    source: str
    reference: str


@dataclass(frozen=True, slots=True)
class LevelUp:
    """A viewer went from one level to a higher one; `rewards` are those of every level between, not yet paid."""

    viewer: Viewer
    from_level: int
    to_level: int
    rewards: tuple[LevelReward, ...]


def award(awards: Sequence[XPAward], *, viewers: Mapping[str, Viewer], curve: Curve, now: datetime) -> list[LevelUp]:
    """Write the XP and return the levels crossed. Call it inside a transaction.

    References must be new (`economy.ledger.pay` sees to it); a used one raises IntegrityError and nothing is written.
    """
    if not awards:
        return []
    ids = sorted({viewers[item.viewer].pk for item in awards})
    before = {row.pk: row for row in XP.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    totals = {pk: row.total for pk, row in before.items()}
    rows = []
    for item in awards:
        pk = viewers[item.viewer].pk
        totals[pk] += item.amount
        rows.append(
            XPTransaction(
                viewer_id=pk,
                delta=item.amount,
                total_after=totals[pk],
                level_after=curve.level(totals[pk]),
                source=item.source,
                reference=item.reference,
                created_at=now,
            )
        )
    XPTransaction.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE economy_xp SET total = %s, level = %s WHERE viewer_id = %s",
            [(totals[pk], curve.level(totals[pk]), pk) for pk in ids],
        )
    by_id = {viewer.pk: viewer for viewer in viewers.values()}
    return _crossed([(by_id[pk], before[pk].level, curve.level(totals[pk])) for pk in ids])


def _crossed(moves: Sequence[tuple[Viewer, int, int]]) -> list[LevelUp]:
    ups = [(viewer, old, new) for viewer, old, new in moves if new > old]
    if not ups:
        return []
    rewards = list(LevelReward.objects.filter(enabled=True).order_by("level"))
    return [
        LevelUp(viewer, old, new, tuple(reward for reward in rewards if old < reward.level <= new))
        for viewer, old, new in ups
    ]
