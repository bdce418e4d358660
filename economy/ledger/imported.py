"""Histories of another bot, written into the ledgers with their dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from economy.ledger import points, xp
from economy.ledger.accounts import MAX_BALANCE, Row
from economy.ledger.currencies import POINTS_LEDGER, XP_LEDGER, Ledger
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


def import_points(histories: Sequence[History], *, cause: str) -> int:
    """Write the changes of points that are new here, and what is missing to each total, which is added to what the
    viewer has here. `cause` names the other bot; each change is taken over once. Returns the rows written.
    """
    with transaction.atomic():
        rows = _rows(POINTS_LEDGER, histories, cause)
        points.write_rows(rows, kind=TransactionKind.ADJUST)
    return len(rows)


def import_xp(histories: Sequence[History], *, cause: str) -> int:
    """Import XP in the same way. Rewards of levels reached at the other bot were given there."""
    with transaction.atomic():
        rows = _rows(XP_LEDGER, histories, cause)
        xp.write_rows(rows, curve=xp.current_curve(), rewarded=True)
    return len(rows)


def _rows(ledger: Ledger, histories: Sequence[History], cause: str) -> list[Row]:
    """Return the rows to write, and hold the balances, to which they are added up."""
    held = ledger.held({history.viewer.pk for history in histories})
    references = {history.person: _references(history, cause) for history in histories}
    known = bulk.among(ledger.rows, "reference", set[str]().union(*references.values()))
    rows = []
    for history in histories:
        viewer_id = history.viewer.pk
        mine = references[history.person] & known
        for step in _steps(history, mine, held=held[viewer_id], cause=cause):
            held[viewer_id] += step.delta
            row = Row(viewer_id, step.delta, held[viewer_id], SOURCE, step.reference, step.at, reason=step.reason)
            rows.append(row)
    return rows


class _Step(NamedTuple):
    delta: int
    reason: str
    reference: str
    at: datetime


def _references(history: History, cause: str) -> set[str]:
    changes = {f"{cause}:{change.number}" for change in history.changes}
    return changes | {f"{cause}:{edge}:{history.person}" for edge in ("opening", "closing")}


def _steps(history: History, known: set[str], *, held: int, cause: str) -> list[_Step]:
    """Return the changes to write. Histories of other bots do not add up to their balances, and dip below zero: an
    opening one makes room for the deepest dip, a closing one ends where the balance is. Of later runs, only the new
    changes.
    """
    total, person = history.total, history.person
    new = [change for change in history.changes if change.delta and f"{cause}:{change.number}" not in known]
    lowest = min(accumulate((change.delta for change in new), initial=0))
    added = sum(change.delta for change in new)
    now = timezone.now()
    if known:
        opening = max(0, -lowest - held)
        closing = -min(opening, held + opening + added)
    else:
        opening = max(0, total - added, -lowest)
        closing = total - opening - added
    closing -= max(0, held + opening + added + closing - max(held, MAX_BALANCE))  # nobody can have more
    steps = [_Step(change.delta, change.reason[:200], f"{cause}:{change.number}", change.at) for change in new]
    edge = f"{new[0].number}:{person}" if known and new else str(person)
    if opening:
        steps.insert(0, _Step(opening, "had before", f"{cause}:opening:{edge}", new[0].at if new else now))
    if closing:
        steps.append(_Step(closing, "had in the end", f"{cause}:closing:{edge}", now))
    return steps
