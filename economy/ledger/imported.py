"""Histories of another bot, written into the ledgers with their dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from economy.ledger import accounts, points, xp
from economy.ledger.amounts import MAX_BALANCE
from economy.ledger.currencies import POINTS_LEDGER, XP_LEDGER, Ledger
from economy.ledger.rows import Row
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


def import_points(viewer: Viewer, past: Sequence[PastChange], *, balance: int, cause: str, person: int) -> int:
    """Write the changes of points that are new here, and what is missing to `balance` (≥ 0), which is added to what the
    viewer has here. `cause` names the other bot, `person` the viewer there; each change is taken over once.
    Returns the rows written.
    """
    with transaction.atomic():
        viewer = accounts.hold_one(viewer)
        rows = _rows(POINTS_LEDGER, viewer, past, total=balance, cause=cause, person=person)
        points.write_rows(rows, kind=TransactionKind.ADJUST)
    return len(rows)


def import_xp(viewer: Viewer, past: Sequence[PastChange], *, total: int, cause: str, person: int) -> int:
    """Import XP in the same way. Rewards of levels reached at the other bot were given there."""
    with transaction.atomic():
        viewer = accounts.hold_one(viewer)
        rows = _rows(XP_LEDGER, viewer, past, total=total, cause=cause, person=person)
        xp.write_rows(rows, curve=xp.current_curve(), rewarded=True)
    return len(rows)


def _rows(
    ledger: Ledger, viewer: Viewer, past: Sequence[PastChange], *, total: int, cause: str, person: int
) -> list[Row]:
    """Return the rows to write, and hold the balance, to which they are added up."""
    held = ledger.held([viewer.pk])[viewer.pk]
    known = _known(ledger, past, cause, person)
    rows = []
    for step in _steps(past, known, held=held, total=total, cause=cause, person=person):
        held += step.delta
        rows.append(Row(viewer.pk, step.delta, held, SOURCE, step.reference, step.at, reason=step.reason))
    return rows


class _Step(NamedTuple):
    delta: int
    reason: str
    reference: str
    at: datetime


def _known(ledger: Ledger, past: Sequence[PastChange], cause: str, person: int) -> set[str]:
    references = [f"{cause}:{change.number}" for change in past]
    references += [f"{cause}:{edge}:{person}" for edge in ("opening", "closing")]
    return bulk.among(ledger.rows, "reference", references)


def _steps(
    past: Sequence[PastChange], known: set[str], *, held: int, total: int, cause: str, person: int
) -> list[_Step]:
    """Return the changes to write. Histories of other bots do not add up to their balances, and dip below zero: an
    opening one makes room for the deepest dip, a closing one ends where the balance is. Of later runs, only the new
    changes.
    """
    new = [change for change in past if change.delta and f"{cause}:{change.number}" not in known]
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
