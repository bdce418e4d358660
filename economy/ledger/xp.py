"""Writes XP, and nothing else does. Levels crossed are returned, so that the caller announces them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from economy.ledger import accounts, points
from economy.ledger.accounts import MAX_BALANCE, Row, balances, change_each, require_amount, require_change
from economy.ledger.levels import Curve
from economy.ledger.rewards import LevelUp, give_once, reward_points, rewards_between
from economy.models import XP, LevelReward, Viewer, XPTransaction
from economy.settings_table import PointsSettings, XPSettings
from pixelbot_site.kit import bulk
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.transactions import take_turn

# The source of rows that take back another, and what their references begin with.
REVERSAL = "reversal"
IRREVERSIBLE = (REVERSAL, "merge", "batch")
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
# Conditional, so that no total changes from what the writer did not expect; `rewarded_level` goes up or stays.
# Values: total, level, rewarded level twice, viewer, total before.
_UPDATE = (
    "UPDATE economy_xp SET total = %s, level = %s, "
    "rewarded_level = CASE WHEN rewarded_level < %s THEN %s ELSE rewarded_level END "
    "WHERE viewer_id = %s AND total = %s"
)


@dataclass(slots=True)  # not frozen: one for each event, and three times as quick to make
class XPGrant:
    """`amount` XP (> 0) for a viewer. `reference` names the cause, which pays once; `event` is the event's uid."""

    viewer: Viewer
    amount: int
    source: str
    reference: str
    reason: str = ""
    event: str = ""
    by: str = ""


def grant_many(grants: Sequence[XPGrant], *, curve: Curve, now: datetime) -> list[LevelUp]:
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
        if totals[pk] + grant.amount > MAX_BALANCE:
            continue
        latest[pk] = grant
        totals[pk] += grant.amount
        row = Row(
            pk,
            grant.amount,
            totals[pk],
            grant.source,
            grant.reference,
            now,
            grant.reason,
            grant.event,
            grant.by,
        )
        rows.append(row)
    write_rows(rows, curve=curve, rewarded=True)
    return _level_ups([(grant, before[pk], curve.level(totals[pk])) for pk, grant in latest.items()])


def write_rows(rows: Sequence[Row], *, curve: Curve, rewarded: bool = False) -> None:
    """Write `rows`, in their order, and make each total what the viewer's last row says, with its level by `curve`.

    `rewarded`: the rewards of the levels reached count as given. Call it inside a transaction that holds these totals.
    Raises RuntimeError where a total was another than the rows say, IntegrityError for a reference that was used
    before.
    """
    bulk.insert(
        XPTransaction,
        COLUMNS,
        [
            (
                row.viewer_id,
                row.delta,
                row.after,
                curve.level(row.after),
                row.source,
                row.reason,
                row.reference,
                row.event,
                row.by,
                row.created_at,
            )
            for row in rows
        ],
    )
    values = []
    for pk, before, after in balances(rows):
        level = curve.level(after)
        rewarded_level = level if rewarded else 0
        values.append((after, level, rewarded_level, rewarded_level, pk, before))
    change_each(_UPDATE, values)


class _Standing(NamedTuple):
    viewer: int
    total: int
    level: int
    rewarded_level: int


def _level_ups(moves: Sequence[tuple[XPGrant, _Standing, int]]) -> list[LevelUp]:
    """Return those of `moves` (the viewer's last grant, where they stood, the level now) that went up a level."""
    ups = [(grant, row, level) for grant, row, level in moves if level > min(row.level, row.rewarded_level)]
    if not ups:
        return []
    rules = list(LevelReward.objects.filter(enabled=True))
    return give_once(
        [
            LevelUp(grant.viewer, row.level, level, rewards_between(rules, row.rewarded_level, level), grant.event)
            for grant, row, level in ups
        ]
    )


def award(
    viewer: Viewer, amount: int, *, source: str, reference: str, reason: str = "", by: str = ""
) -> LevelUp | None:
    """Give `amount` XP (> 0), and the points of the levels reached by it; returns what was crossed, with the rewards
    given, or None. The same reference again gives nothing.
    """
    require_amount(amount)
    now = timezone.now()
    with transaction.atomic():
        owner = accounts.hold_one(viewer)
        ups = grant_many(
            [XPGrant(owner, amount, source, reference, reason[:200], by=by)], curve=current_curve(), now=now
        )
        points.grant_many(reward_points(ups, enabled=PointsSettings.current().points_enabled), now=now)
    return ups[0] if ups else None


def adjust(
    viewer: Viewer,
    delta: int,
    *,
    source: str,
    reference: str,
    reason: str = "",
    by: str = "",
    rewarded: bool = False,
) -> XPTransaction:
    """Change XP by hand, down to zero at most; the level follows. The rewards of levels reached so come with the next
    XP that the viewer earns, unless they count as given (`rewarded`). Raises ValueError where there is nothing to take.
    """
    require_change(delta)
    with transaction.atomic():
        viewer = accounts.hold_one(viewer)
        held = _held(viewer)[viewer.pk]
        total = max(held + delta, 0)
        if total == held or (delta > 0 and total > MAX_BALANCE):
            raise ValueError(f"{held} XP can't change by {delta}")
        row = Row(viewer.pk, total - held, total, source, reference, timezone.now(), reason=reason[:200], by=by)
        write_rows([row], curve=current_curve(), rewarded=rewarded)
        return XPTransaction.objects.get(reference=reference)


def reverse(row: XPTransaction, *, reason: str = "", by: str = "") -> XPTransaction:
    """Take back what `row` did, down to zero at most, once, whoever asks again; returns the row that does it.

    Raises ValueError where there is nothing to take, for a reversal itself, and for merges and batches, which are
    undone as a whole.
    """
    if row.source in IRREVERSIBLE:
        raise ValueError(f"XP transaction {row.pk} is a {row.source}: it can't be reversed")
    reference = f"{REVERSAL}:{row.pk}"
    with transaction.atomic():
        # Holding the account makes two who reverse take turns, so that the second one sees the first one's row.
        owner = accounts.hold_one(row.viewer)
        done = XPTransaction.objects.filter(reference=reference).first()
        return done or adjust(owner, -row.delta, source=REVERSAL, reference=reference, reason=reason, by=by)


def move(giver: Viewer, taker: Viewer, amount: int, *, reference: str, by: str = "") -> None:
    """Move XP (> 0) of one who is merged, or is merged no more; `by` stands in both rows. Refused when the giver has
    less, or the taker would have too much.
    """
    with transaction.atomic():
        held = _held(giver, taker)
        given, taken = held[giver.pk] - amount, held[taker.pk] + amount
        if given < 0:
            raise Refused(f"{giver.username} has less XP than the {amount} that came with the merge")
        if taken > MAX_BALANCE:
            raise Refused(f"nobody can have more than {MAX_BALANCE} XP")
        now = timezone.now()
        rows = [
            Row(giver.pk, -amount, given, "merge", f"{reference}:out", now, by=by),
            Row(taker.pk, amount, taken, "merge", f"{reference}:in", now, by=by),
        ]
        write_rows(rows, curve=current_curve())


def share_rewarded_level(*viewer_ids: int) -> None:
    """Let the rewards that one of these had count as given to each of them: they are, or were taken for, one person."""
    standings = XP.objects.filter(pk__in=viewer_ids)
    standings.update(rewarded_level=standings.aggregate(highest=Max("rewarded_level"))["highest"])


def _held(*viewers: Viewer) -> dict[int, int]:
    """Lock the totals of these viewers until the end of the transaction; returns them by id."""
    ids = [viewer.pk for viewer in viewers]
    return dict(bulk.rows_with(XP, "viewer_id", ids, "viewer_id", "total", lock=True))


def put_back_rewarded_levels(levels: Mapping[int, tuple[int, int]]) -> None:
    """Let the rewards up to the first of two levels count as given, by viewer, where it was the second until now.

    For those who lost again the XP by which they reached it. Call it inside a transaction that holds their accounts.
    """
    sql = "UPDATE economy_xp SET rewarded_level = %s WHERE viewer_id = %s AND rewarded_level = %s"
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(before, pk, after) for pk, (before, after) in levels.items()])


def set_levels(viewer_ids: Sequence[int], curve: Curve) -> None:
    """Make the levels of these viewers anew by `curve`. The rewards of these levels count as given."""
    with transaction.atomic():
        take_turn()  # before many rows are locked
        held = bulk.rows_with(XP, "viewer_id", viewer_ids, "viewer_id", "total", lock=True)
        levels = [(pk, total, curve.level(total)) for pk, total in held]
        change_each(_UPDATE, [(total, level, level, level, pk, total) for pk, total, level in levels])


def current_curve() -> Curve:
    """Return the curve of the settings as they are now."""
    return curve_of(XPSettings.current())


def curve_of(rules: XPSettings) -> Curve:
    """Return the curve of a snapshot that was taken already."""
    return Curve(rules.xp_base, rules.xp_exponent, rules.xp_max_level)
