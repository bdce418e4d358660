"""What viewers had and did under another bot, written into the ledgers as it happened there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from django.db import transaction
from django.utils import timezone

from economy.ledger import xp
from economy.ledger.points import MOST
from economy.models import XP, Kind, Points, Transaction, Viewer, XPTransaction
from pixelbot_site.kit import bulk

SOURCE = "import"


@dataclass(frozen=True, slots=True)
class Past:
    """One change over there: its number there, how much, why, when."""

    number: int
    delta: int
    reason: str
    at: datetime


def take_over_points(viewer: Viewer, past: Sequence[Past], *, balance: int, cause: str, person: int) -> int:
    """Write the changes of points that are new here, and what is missing to `balance` (≥ 0), which is added to what the
    viewer has here. `cause` names the other bot, `person` the viewer there; each change is taken over once.
    Returns the rows written.
    """
    with transaction.atomic():
        row = Points.objects.select_for_update().get(pk=viewer.pk)
        known = _known(Transaction, past, cause, person)
        steps = _steps(past, known, held=row.balance, total=balance, cause=cause, person=person)
        after = list(accumulate((delta for delta, *_ in steps), initial=row.balance))[1:]
        columns = ("viewer_id", "kind", "delta", "balance_after", "source", "reason", "reference", "created_at")
        bulk.insert(
            Transaction,
            columns,
            [
                (viewer.pk, Kind.ADJUST.value, delta, now_has, SOURCE, reason, reference, at)
                for (delta, reason, reference, at), now_has in zip(steps, after, strict=True)
            ],
        )
        if steps:
            Points.objects.filter(pk=viewer.pk).update(balance=after[-1])
    return len(steps)


def take_over_xp(viewer: Viewer, past: Sequence[Past], *, total: int, cause: str, person: int) -> int:
    """The same for XP. The rewards of levels reached over there were given there."""
    level = xp.current_curve().level
    with transaction.atomic():
        row = XP.objects.select_for_update().get(pk=viewer.pk)
        known = _known(XPTransaction, past, cause, person)
        steps = _steps(past, known, held=row.total, total=total, cause=cause, person=person)
        after = list(accumulate((delta for delta, *_ in steps), initial=row.total))[1:]
        bulk.insert(
            XPTransaction,
            xp.COLUMNS,
            [
                (viewer.pk, delta, now_has, level(now_has), SOURCE, reason, reference, "", "", at)
                for (delta, reason, reference, at), now_has in zip(steps, after, strict=True)
            ],
        )
        if steps:
            reached = level(after[-1])
            highest = max(reached, row.rewarded_level)
            XP.objects.filter(pk=viewer.pk).update(total=after[-1], level=reached, rewarded_level=highest)
    return len(steps)


Step = tuple[int, str, str, datetime]


def _known(model: type[Transaction | XPTransaction], past: Sequence[Past], cause: str, person: int) -> set[str]:
    references = [f"{cause}:{one.number}" for one in past]
    references += [f"{cause}:{edge}:{person}" for edge in ("opening", "closing")]
    return bulk.among(model, "reference", references)


def _steps(past: Sequence[Past], known: set[str], *, held: int, total: int, cause: str, person: int) -> list[Step]:
    """The rows to write. Histories of other bots do not add up to their balances, and dip below zero: an opening row
    makes room for the deepest dip, a closing one ends where the balance is. Of later runs, only the new changes.
    """
    new = [one for one in past if one.delta and f"{cause}:{one.number}" not in known]
    lowest = min(accumulate((one.delta for one in new), initial=0))
    added = sum(one.delta for one in new)
    now = timezone.now()
    if known:
        opening = max(0, -lowest - held)
        closing = -min(opening, held + opening + added)
    else:
        opening = max(0, total - added, -lowest)
        closing = total - opening - added
    closing -= max(0, held + opening + added + closing - max(held, MOST))  # nobody can have more
    steps = [(one.delta, one.reason[:200], f"{cause}:{one.number}", one.at) for one in new]
    edge = f"{new[0].number}:{person}" if known and new else str(person)
    if opening:
        steps.insert(0, (opening, "had before", f"{cause}:opening:{edge}", new[0].at if new else now))
    if closing:
        steps.append((closing, "had in the end", f"{cause}:closing:{edge}", now))
    return steps
