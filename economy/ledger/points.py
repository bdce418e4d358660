"""Writes points, and nothing else does. A change is a conditional update and an append-only row in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from economy.ledger import accounts
from economy.ledger.accounts import MAX_BALANCE, MAX_INTEGER, Row, balances, change_each, require_amount, require_change
from economy.models import UNDOING, Points, Transaction, TransactionKind, Viewer
from economy.settings_table import PointsSettings
from pixelbot_site.kit import bulk, origin, phrases
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("points")

NOT_TO_YOURSELF = phrases.refusal("give.yourself", "you can't give {points.name} to yourself")
TOO_MANY = phrases.refusal("points.too_many", "nobody can have more than {amount}")
TOO_FEW = phrases.refusal(
    "points.too_few", "you need {missing} more {missing:{point.name}|{points.name}} (you have {balance})"
)

# Up to this number of grants at once, each gets a line in the log; more are summed up in one.
MAX_LOGGED = 20
GRANTED = "granted %d to %s (%s)"
COLUMNS = (
    "viewer_id",
    "kind",
    "delta",
    "balance_after",
    "source",
    "reason",
    "reference",
    "event",
    "by",
    "undoes_id",
    "created_at",
)
# Conditional, so that no balance changes from what the writer did not expect. Values: delta, viewer, lowest, highest.
_UPDATE = "UPDATE economy_points SET balance = balance + %s WHERE viewer_id = %s AND balance BETWEEN %s AND %s"


@dataclass(slots=True)  # not frozen: one for each event, and three times as quick to make
class Grant:
    """`amount` points (> 0) for a viewer. `reference` names the cause, which pays once; `event` is the event's uid."""

    viewer: Viewer
    amount: int
    source: str
    reference: str
    reason: str = ""
    event: str = ""


def grant_many(grants: Sequence[Grant], *, now: datetime) -> list[Grant]:
    """Give all of `grants`, in their order, in a few statements; returns those that had not been given before.

    Call it inside a transaction.
    """
    if not grants:
        return []
    ids = sorted({grant.viewer.pk for grant in grants})
    # Holding the balances makes two writers take turns, so that the second one sees what the first one paid.
    held: dict[int, int] = dict(bulk.rows_with(Points, "viewer_id", ids, "viewer_id", "balance", lock=True))
    known = bulk.among(Transaction, "reference", [grant.reference for grant in grants])
    new, rows = [], []
    for grant in grants:
        if grant.reference in known:
            continue
        known.add(grant.reference)
        pk = grant.viewer.pk
        if held[pk] + grant.amount > MAX_BALANCE:
            continue  # an integer that overflows would become a float
        held[pk] += grant.amount
        new.append(grant)
        rows.append(Row(pk, grant.amount, held[pk], grant.source, grant.reference, now, grant.reason, grant.event))
    write_rows(rows, kind=TransactionKind.GRANT)
    after_commit(_log_grants, new)
    return new


def write_rows(rows: Sequence[Row], *, kind: TransactionKind) -> None:
    """Write `rows`, in their order, and make each balance what the viewer's last row says.

    Call it inside a transaction that holds these balances. Raises RuntimeError where a balance was another than the
    rows say, IntegrityError for a reference that was used before.
    """
    bulk.insert(
        Transaction,
        COLUMNS,
        [
            (
                row.viewer_id,
                kind.value,
                row.delta,
                row.after,
                row.source,
                row.reason,
                row.reference,
                row.event,
                row.by,
                row.undoes_id,
                row.created_at,
            )
            for row in rows
        ],
    )
    change_each(_UPDATE, [(after - before, pk, before, before) for pk, before, after in balances(rows)])


def _log_grants(grants: Sequence[Grant]) -> None:
    if len(grants) > MAX_LOGGED:
        total, viewers = sum(grant.amount for grant in grants), {grant.viewer.pk for grant in grants}
        log.info("granted %d to %d viewers", total, len(viewers))
        return
    for grant in grants:
        with origin.of(grant.event):
            log.info(GRANTED, grant.amount, grant.viewer.key, grant.source)


@dataclass(frozen=True, slots=True)
class _Cause:
    """What a row says of why it was written. `counterpart` and `undoes` as in Transaction."""

    kind: TransactionKind
    source: str
    reference: str
    reason: str = ""
    by: str = ""
    event: str = ""
    counterpart: Viewer | None = None
    undoes: Transaction | None = None


def grant(viewer: Viewer, amount: int, *, source: str, reference: str, reason: str = "", by: str = "") -> Transaction:
    """Give `amount` points (> 0). The same reference again raises IntegrityError."""
    require_amount(amount)
    return _change(viewer, amount, _Cause(TransactionKind.GRANT, source, reference, reason, by))


def spend(
    viewer: Viewer, amount: int, *, source: str, reference: str, reason: str = "", event: str = ""
) -> Transaction:
    """Take `amount` points (> 0). Refused, with what is missing, when the balance is smaller; nothing is taken then."""
    require_amount(amount)
    return _change(viewer, -amount, _Cause(TransactionKind.SPEND, source, reference, reason, event=event))


def adjust(
    viewer: Viewer,
    delta: int,
    *,
    source: str,
    reference: str,
    reason: str = "",
    by: str = "",
    moderator: Viewer | None = None,
) -> Transaction:
    """Change a balance by hand: `delta` points more, or less where negative. Refused where it would go below zero.

    `by` is the staff's login, `moderator` the viewer who did it in chat.
    """
    require_change(delta)
    return _change(viewer, delta, _Cause(TransactionKind.ADJUST, source, reference, reason, by, counterpart=moderator))


def transfer(giver: Viewer, taker: Viewer, amount: int, *, source: str, reference: str) -> Transaction:
    """Move `amount` points (> 0) to another viewer; returns the giver's row. Refused when the giver has too few."""
    require_amount(amount)
    with transaction.atomic():
        held = accounts.hold(giver, taker)
        giver, taker = held[giver.pk], held[taker.pk]
        if giver.pk == taker.pk:
            raise Refused(NOT_TO_YOURSELF())
        return _transfer(giver, taker, amount, _Cause(TransactionKind.TRANSFER, source, reference))


def move(giver: Viewer, taker: Viewer, amount: int, *, reference: str, by: str = "") -> None:
    """Move points (> 0) of one who is merged, or is merged no more; `by` stands in both rows. Refused as `transfer`
    does. Call it inside a transaction that holds both accounts.
    """
    require_amount(amount)
    with transaction.atomic():
        _transfer(giver, taker, amount, _Cause(TransactionKind.MERGE, "merge", reference, by=by))


def refund(spent: Transaction, *, reason: str, by: str = "") -> Transaction:
    """Give back what `spent` took, once: asked again, the first refund is returned and nothing moves.

    Raises ValueError for a transaction that is not a spend.
    """
    if spent.kind != TransactionKind.SPEND:
        raise ValueError(f"transaction {spent.pk} is a {spent.kind}, not a spend: there is nothing to refund")
    return _undo(spent, TransactionKind.REFUND, reason=reason, by=by)


def reverse(row: Transaction, *, reason: str = "", by: str = "") -> Transaction:
    """Take back what `row` did, once, whoever asks again; returns the row that does it.

    A spend is refunded; of a transfer both sides move back. What a merge has moved on to an heir since is fetched from
    there. Refused where it has been spent meanwhile. Raises ValueError for what is an undoing itself, and for a merge,
    which is undone as a whole.
    """
    if row.kind == TransactionKind.SPEND:
        return refund(row, reason=reason, by=by)
    if row.kind in UNDOING or row.kind == TransactionKind.MERGE:
        raise ValueError(f"transaction {row.pk} is a {row.kind}: it can't be reversed")
    if row.kind != TransactionKind.TRANSFER:
        return _undo(row, TransactionKind.REVERSAL, reason=reason, by=by)
    cause, _, side = row.reference.rpartition(":")
    other = Transaction.objects.get(reference=f"{cause}:{'in' if side == 'out' else 'out'}")
    with transaction.atomic():
        accounts.hold(row.viewer, other.viewer)
        accounts.lock(row.viewer_id, other.viewer_id)
        _undo(other, TransactionKind.REVERSAL, reason=reason, by=by)
        return _undo(row, TransactionKind.REVERSAL, reason=reason, by=by)


def _undo(row: Transaction, kind: TransactionKind, *, reason: str, by: str) -> Transaction:
    with transaction.atomic():
        # Holding the account makes two who undo take turns, so that the second one sees the first one's row.
        owner = accounts.hold_one(row.viewer)  # the viewer may have been merged since
        accounts.lock(row.viewer_id)
        done: Transaction | None = Transaction.objects.filter(undoes=row).first()
        if done is not None:
            return done
        reference = f"{kind}:{row.pk}"
        if owner.pk != row.viewer_id and row.delta > 0:
            missing = row.delta - Points.objects.get(pk=row.viewer_id).balance
            if missing > 0:
                move(owner, row.viewer, missing, reference=f"{reference}:back", by=by)
        cause = _Cause(kind, row.source, reference, reason, by, row.event, row.counterpart, undoes=row)
        undone = _write(row.viewer, -row.delta, cause)
        if owner.pk != row.viewer_id and undone.delta > 0:
            move(row.viewer, owner, undone.delta, reference=f"{reference}:on", by=by)
        return undone


def _transfer(giver: Viewer, taker: Viewer, amount: int, cause: _Cause) -> Transaction:
    out, into = f"{cause.reference}:out", f"{cause.reference}:in"
    given = _write(giver, -amount, replace(cause, reference=out, counterpart=taker))
    _write(taker, amount, replace(cause, reference=into, counterpart=giver))
    return given


def _change(viewer: Viewer, delta: int, cause: _Cause) -> Transaction:
    """Change the points of a viewer, or of whom they were merged into."""
    with transaction.atomic():
        return _write(accounts.hold_one(viewer), delta, cause)


def _write(viewer: Viewer, delta: int, cause: _Cause) -> Transaction:
    """Write the row and the balance of exactly this viewer, whose account the transaction holds."""
    balance = _change_balance(viewer, delta)
    row: Transaction = Transaction.objects.create(
        viewer=viewer,
        kind=cause.kind,
        delta=delta,
        balance_after=balance,
        source=cause.source,
        reason=cause.reason[:200],
        reference=cause.reference,
        by=cause.by,
        event=cause.event,
        counterpart=cause.counterpart,
        undoes=cause.undoes,
        created_at=timezone.now(),
    )
    after_commit(log.info, _message(cause.kind, delta), abs(delta), viewer.key, cause.source)
    return row


def _message(kind: TransactionKind, delta: int) -> str:
    if kind == TransactionKind.REFUND:
        return "refunded %d to %s (%s)"
    return GRANTED if delta > 0 else "took %d from %s (%s)"


def _change_balance(viewer: Viewer, delta: int) -> int:
    """Change the balance in one statement, down to zero and up to MAX_BALANCE at most; returns the new one."""
    lowest, highest = (0, MAX_BALANCE - delta) if delta > 0 else (-delta, MAX_INTEGER)
    with connection.cursor() as cursor:
        cursor.execute(f"{_UPDATE} RETURNING balance", [delta, viewer.pk, lowest, highest])
        row = cursor.fetchone()
    if row is None:
        raise Refused(_why_not(delta, Points.objects.get(pk=viewer.pk).balance))
    return int(row[0])


def _why_not(delta: int, balance: int) -> str:
    if delta > 0:
        return TOO_MANY(amount=PointsSettings.current().amount(MAX_BALANCE))
    return TOO_FEW(missing=-delta - balance, balance=balance)
