"""Histories of another bot, written into the ledgers with their dates, and taken back again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from economy.ledger import points, xp
from economy.ledger.accounts import MAX_BALANCE, Row
from economy.ledger.currencies import LEDGERS, POINTS_LEDGER, XP_LEDGER, Ledger
from economy.models import TransactionKind, Viewer
from pixelbot_site.kit import bulk

SOURCE = "import"


@dataclass(frozen=True, slots=True)
class PastChange:
    """A change at the other bot: its number there, the amount, the reason, the time."""

    number: int
    delta: int
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """A person's changes at the other bot, the oldest first, and the amount (≥ 0) they led to there. `person` is the
    number there, `viewer` the same person here.
    """

    viewer: Viewer
    person: int
    changes: Sequence[PastChange]
    total: int


@dataclass(frozen=True, slots=True)
class Cause:
    """Which import writes: `event` stands in each of its rows.

    `names` begin the references of rows, the newest name those of new ones: an import that was undone leaves its
    references behind, so that what it brought comes again under another name. `undone`: the events of such imports.
    """

    names: Sequence[str]
    event: str = ""
    undone: Collection[str] = ()


def import_points(histories: Sequence[History], *, cause: Cause) -> int:
    """Write the changes of points that are new here, and what is missing to each total, which is added to what the
    viewer has here. Each change is taken over once. Returns the rows written.
    """
    with transaction.atomic():
        rows = _new_rows(POINTS_LEDGER, histories, cause, _held(POINTS_LEDGER, histories, lock=True))
        points.write_rows(rows, kind=TransactionKind.ADJUST)
    return len(rows)


def import_xp(histories: Sequence[History], *, cause: Cause) -> int:
    """Import XP in the same way. Rewards of levels reached at the other bot were given there."""
    with transaction.atomic():
        rows = _new_rows(XP_LEDGER, histories, cause, _held(XP_LEDGER, histories, lock=True))
        xp.write_rows(rows, curve=xp.current_curve(), rewarded=True)
    return len(rows)


def balances_after(ledger: Ledger, histories: Sequence[History], *, cause: Cause) -> dict[int, tuple[int, int]]:
    """Return what each viewer has in this ledger now, and would have after the import. Writes nothing.

    Viewers who are not stored have nothing yet; their ids must differ.
    """
    held = {history.viewer.pk: 0 for history in histories} | _held(ledger, histories, lock=False)
    before = dict(held)
    _new_rows(ledger, histories, cause, held)
    return {pk: (before[pk], after) for pk, after in held.items()}


def last_rows() -> dict[str, int]:
    """Return the newest row of each ledger, by its currency."""
    return {
        ledger.currency.value: ledger.rows.objects.aggregate(last=Max("pk"))["last"] or 0 for ledger in LEDGERS.values()
    }


def take_back(
    viewer_ids: Collection[int], *, event: str, after: Mapping[str, int], until: Mapping[str, int], by: str = ""
) -> set[int]:
    """Take back the points and XP that the import `event` wrote for these viewers, once: rows after the one that was
    the newest before (`after`), up to the newest then (`until`).

    Of a viewer who has less left than it brought, nothing is taken back; returns these. Call it inside a transaction
    that has the turn.
    """
    with transaction.atomic():
        short: set[int] = set()
        found = []
        for currency, ledger in LEDGERS.items():
            held = ledger.held(viewer_ids)
            rows = [row for row in _standing(ledger, event, after[currency], until[currency]) if row.viewer_id in held]
            brought: Counter[int] = Counter()
            for row in rows:
                brought[row.viewer_id] += row.delta
            short |= {pk for pk, total in brought.items() if held[pk] < total}
            found.append((ledger, rows, held))
        for ledger, rows, held in found:
            _reverse(ledger, [row for row in rows if row.viewer_id not in short], held, by)
    return short


class _Written(NamedTuple):
    row_id: int
    viewer_id: int
    delta: int


def _standing(ledger: Ledger, event: str, after: int, until: int) -> list[_Written]:
    """Return the rows of the import that nothing has taken back yet.

    Not by source and event alone: what takes back one of them by hand has these, too, and comes after `until`.
    """
    rows = ledger.rows.objects.filter(pk__gt=after, pk__lte=until, source=SOURCE, event=event).order_by("pk")
    found = [_Written(*row) for row in rows.values_list("pk", "viewer_id", "delta")]
    gone = _taken_back(ledger, [row.row_id for row in found])
    return [row for row in found if row.row_id not in gone]


def _reverse(ledger: Ledger, due: Sequence[_Written], held: Mapping[int, int], by: str) -> None:
    now, totals, rows = timezone.now(), dict(held), []
    # What was spent there comes back first, so that no balance is below zero on the way.
    for row in sorted(due, key=lambda row: row.delta):
        totals[row.viewer_id] -= row.delta
        undoes = row.row_id if ledger is POINTS_LEDGER else None
        reference, after = f"{xp.REVERSAL}:{row.row_id}", totals[row.viewer_id]
        rows.append(Row(row.viewer_id, -row.delta, after, xp.REVERSAL, reference, now, "import undone", "", by, undoes))
    ledger.write(rows, kind=TransactionKind.REVERSAL)


def _taken_back(ledger: Ledger, row_ids: Collection[int]) -> set[int]:
    references = {f"{xp.REVERSAL}:{row_id}": row_id for row_id in row_ids}
    return {references[found] for found in bulk.among(ledger.rows, "reference", references)}


def _held(ledger: Ledger, histories: Sequence[History], *, lock: bool) -> dict[int, int]:
    ids = {history.viewer.pk for history in histories}
    if lock:
        return ledger.held(ids)
    return dict(bulk.rows_with(ledger.balances, "viewer_id", ids, "viewer_id", ledger.column))


def _new_rows(ledger: Ledger, histories: Sequence[History], cause: Cause, held: dict[int, int]) -> list[Row]:
    """Return the rows to write, and add them up to the balances in `held`."""
    known = _known(ledger, histories, cause)
    rows = []
    for history in histories:
        viewer_id = history.viewer.pk
        for step in _steps(history, known, held=held[viewer_id], cause=cause.names[-1]):
            held[viewer_id] += step.delta
            row = Row(viewer_id, step.delta, held[viewer_id], SOURCE, step.reference, step.at, step.reason, cause.event)
            rows.append(row)
    return rows


def _known(ledger: Ledger, histories: Sequence[History], cause: Cause) -> set[str]:
    """Return which of the changes are here already, by their references without the cause's name."""
    wanted = {f"{name}:{mark}": mark for history in histories for mark in _marks(history) for name in cause.names}
    found = bulk.rows_with(ledger.rows, "reference", wanted, "reference", "id", "event")
    undone = [row_id for _, row_id, event in found if event and event in cause.undone]
    gone = _taken_back(ledger, undone)
    return {wanted[reference] for reference, row_id, _ in found if row_id not in gone}


class _Step(NamedTuple):
    delta: int
    reason: str
    reference: str
    at: datetime


def _marks(history: History) -> set[str]:
    changes = {str(change.number) for change in history.changes}
    return changes | {f"{edge}:{history.person}" for edge in ("opening", "closing")}


def _steps(history: History, known: set[str], *, held: int, cause: str) -> list[_Step]:
    """Return the changes to write. Histories of other bots do not add up to their balances, and dip below zero: an
    opening one makes room for the deepest dip, a closing one ends where the balance is. Of later runs, only the new
    changes.
    """
    total, person = history.total, history.person
    is_known = not known.isdisjoint(_marks(history))
    new = [change for change in history.changes if change.delta and str(change.number) not in known]
    lowest = min(accumulate((change.delta for change in new), initial=0))
    added = sum(change.delta for change in new)
    now = timezone.now()
    if is_known:
        opening = max(0, -lowest - held)
        closing = -min(opening, held + opening + added)
    else:
        opening = max(0, total - added, -lowest)
        closing = total - opening - added
    closing -= max(0, held + opening + added + closing - max(held, MAX_BALANCE))  # nobody can have more
    steps = [_Step(change.delta, change.reason[:200], f"{cause}:{change.number}", change.at) for change in new]
    edge = f"{new[0].number}:{person}" if is_known and new else str(person)
    if opening:
        steps.insert(0, _Step(opening, "had before", f"{cause}:opening:{edge}", new[0].at if new else now))
    if closing:
        steps.append(_Step(closing, "had in the end", f"{cause}:closing:{edge}", now))
    return steps
