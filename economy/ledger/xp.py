"""The only writer of XP: awarded in sets, and what was reached by it is returned, not announced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from economy.ledger import points as ledger
from economy.ledger.levels import Curve
from economy.ledger.points import Grant
from economy.models import XP, LevelReward, Viewer, XPTransaction
from economy.settings_table import PointsSettings, XPSettings
from pixelbot_site.kit import bulk
from pixelbot_site.kit.steps import Step

SAMPLE = 50
PIECE = 5000
COLUMNS = (
    "viewer_id",
    "delta",
    "total_after",
    "level_after",
    "source",
    "reason",
    "reference",
    "event",
    "by",
    "created_at",
)


@dataclass(frozen=True, slots=True)
class XPGrant:
    """`amount` XP (> 0) for a viewer. `reference` names the cause, which pays once; `event` is the event's uid."""

    viewer: Viewer
    amount: int
    source: str
    reference: str
    reason: str = ""
    event: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Reward:
    """What reaching `level` brings: points, and a line to say, and effects. `rule` is the id of the LevelReward."""

    level: int
    points: int
    line: str
    spoken: bool
    rule: int = 0
    effects: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelUp:
    """A viewer went from one level to a higher one. `rewards` are those of every level between that were never given;
    `economy.earning.pay` pays their points. `event` is the uid of the event that did it.
    """

    viewer: Viewer
    from_level: int
    to_level: int
    rewards: tuple[Reward, ...] = ()
    event: str = ""


def write(grants: Sequence[XPGrant], *, curve: Curve, now: datetime) -> list[LevelUp]:
    """Give all of `grants`, in their order, in a few statements, and return the levels crossed.

    What was given before by the same reference is left out. Call it inside a transaction.
    """
    if not grants:
        return []
    ids = sorted({grant.viewer.pk for grant in grants})
    # Holding the rows makes two writers take turns, so that the second one sees what the first one gave.
    columns = ("viewer_id", "total", "level", "rewarded_level")
    before = {row[0]: _Standing(*row) for row in bulk.rows_with(XP, "viewer_id", ids, *columns, lock=True)}
    references = [grant.reference for grant in grants]
    known = bulk.among(XPTransaction, "reference", references)
    totals = {pk: row.total for pk, row in before.items()}
    latest: dict[int, XPGrant] = {}
    rows = []
    for grant in grants:
        if grant.reference in known:
            continue
        known.add(grant.reference)
        pk = grant.viewer.pk
        if totals[pk] + grant.amount > ledger.MOST:
            continue  # nobody can have more
        latest[pk] = grant
        totals[pk] += grant.amount
        level = curve.level(totals[pk])
        why = (grant.source, grant.reason, grant.reference, grant.event, grant.by)
        rows.append((pk, grant.amount, totals[pk], level, *why, now))
    bulk.insert(XPTransaction, COLUMNS, rows)
    moves = [(grant, before[pk], curve.level(totals[pk])) for pk, grant in latest.items()]
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE economy_xp SET total = %s, level = %s, rewarded_level = %s WHERE viewer_id = %s",
            [(totals[row.viewer], level, max(level, row.rewarded_level), row.viewer) for _, row, level in moves],
        )
    return list(_crossed(moves))


class _Standing(NamedTuple):
    viewer: int
    total: int
    level: int
    rewarded_level: int


def _crossed(moves: Sequence[tuple[XPGrant, _Standing, int]]) -> Iterator[LevelUp]:
    ups = [(grant, row, level) for grant, row, level in moves if level > min(row.level, row.rewarded_level)]
    if not ups:
        return
    reached = rewards()
    for grant, row, level in ups:
        yield LevelUp(grant.viewer, row.level, level, reached(row.rewarded_level, level), grant.event)


def rewards() -> Callable[[int, int], tuple[Reward, ...]]:
    """A function (from level, to level) → what the levels after the first, up to the second, bring, in their order."""
    rules = list(LevelReward.objects.filter(enabled=True).order_by("level", "repeats"))

    def reached(low: int, high: int) -> tuple[Reward, ...]:
        found = []
        for rule in rules:
            first = rule.level * (low // rule.level + 1)
            levels = range(first, high + 1, rule.level) if rule.repeats else [rule.level]
            what = (rule.points, rule.line, rule.spoken, rule.pk, tuple(rule.effects))
            found += [Reward(at, *what) for at in levels if low < at <= high]
        return tuple(sorted(found, key=lambda reward: (reward.level, reward.rule)))

    return reached


def reward_points(level_ups: Sequence[LevelUp], *, enabled: bool) -> list[Grant]:
    """The points that the reached levels bring. The rule's id is in the reference: two rules for one level both pay."""
    return [
        Grant(
            up.viewer,
            reward.points,
            "level",
            f"level:{reward.level}:{reward.rule}:{up.viewer.pk}",
            f"level {reward.level}",
            event=up.event,
        )
        for up in level_ups
        for reward in up.rewards
        if reward.points and enabled
    ]


def award(
    viewer: Viewer, amount: int, *, source: str, reference: str, reason: str = "", by: str = ""
) -> LevelUp | None:
    """Give `amount` XP (> 0), and the points of the levels reached by it; returns what was crossed, with the rewards
    given, or None. The same reference again gives nothing.
    """
    ledger.check(amount)
    now = timezone.now()
    with transaction.atomic():
        ups = write([XPGrant(viewer, amount, source, reference, reason[:200], by=by)], curve=current_curve(), now=now)
        ledger.write(reward_points(ups, enabled=PointsSettings.current().points_enabled), now=now)
    return ups[0] if ups else None


def adjust(viewer: Viewer, delta: int, *, source: str, reference: str, reason: str = "", by: str = "") -> XPTransaction:
    """Change XP by hand, down to zero at most; the level follows. No rewards: those of levels that were reached by hand
    come with the next XP that the viewer earns. Raises ValueError where there is nothing to take.
    """
    ledger.check_change(delta)
    with transaction.atomic():
        row = XP.objects.select_for_update().get(pk=viewer.pk)
        total = max(row.total + delta, 0)
        if total == row.total or (delta > 0 and total > ledger.MOST):
            raise ValueError(f"{row.total} XP can't change by {delta}")
        delta, row.total, row.level = total - row.total, total, current_curve().level(total)
        row.save(update_fields=["total", "level"])
        return XPTransaction.objects.create(
            viewer=viewer,
            delta=delta,
            total_after=row.total,
            level_after=row.level,
            source=source,
            reason=reason[:200],
            reference=reference,
            by=by,
            created_at=timezone.now(),
        )


def stale() -> bool:
    """Were the levels made by another curve than the settings name now? Asks those who have most."""
    curve = current_curve()
    most = XP.objects.order_by("-total").values_list("total", "level")[:SAMPLE]
    return any(curve.level(total) != level for total, level in most)


def recompute() -> Iterator[int]:
    """Make every level anew by the present curve, piece by piece; yields how many viewers are done. Nobody is rewarded
    for it, now or later.
    """
    curve, last, done = current_curve(), 0, 0
    while True:
        with transaction.atomic():
            rows = XP.objects.select_for_update().filter(pk__gt=last).order_by("pk")
            piece = list(rows.values_list("pk", "total", "rewarded_level")[:PIECE])
            with connection.cursor() as cursor:
                cursor.executemany(
                    "UPDATE economy_xp SET level = %s, rewarded_level = %s WHERE viewer_id = %s",
                    [(curve.level(total), max(curve.level(total), rewarded), pk) for pk, total, rewarded in piece],
                )
        if not piece:
            return
        last, done = piece[-1][0], done + len(piece)
        yield done


def current_curve() -> Curve:
    """Return the curve of the settings as they are now."""
    return curve_of(XPSettings.current())


def curve_of(rules: XPSettings) -> Curve:
    """Return the curve of a snapshot that was taken already."""
    return Curve(rules.xp_base, rules.xp_exponent, rules.xp_max_level)
