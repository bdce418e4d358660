"""The only writer of points. Every change is a conditional update and an append-only row, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from economy.models import UNDOING, Kind, Points, Transaction, Viewer
from pixelbot_site.kit import bulk
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("points")

GRANTED = "granted %d to %s (%s)"
MOST = 10**12
"""Nobody is given more, so that sums over millions of viewers still fit 64 bits."""
MOST_TAKEN = 2**62
"""A balance may be above MOST (from before there was one): it can always be lowered."""
MOST_LOGGED = 20
"""Of so many grants at once each gets a line in the log; more are summed up in one."""


@dataclass(frozen=True, slots=True)
class Grant:
    """`amount` points (> 0) for a viewer. `reference` names the cause, which pays once; `event` is the event's uid."""

    viewer: Viewer
    amount: int
    source: str
    reference: str
    reason: str = ""
    event: str = ""


def write(grants: Sequence[Grant], *, now: datetime) -> list[Grant]:
    """Give all of `grants`, in their order, in a few statements; returns those that had not been given before.

    Call it inside a transaction.
    """
    if not grants:
        return []
    ids = sorted({grant.viewer.pk for grant in grants})
    # Holding the balances makes two writers take turns, so that the second one sees what the first one paid.
    balances: dict[int, int] = dict(bulk.rows_with(Points, "viewer_id", ids, "viewer_id", "balance", lock=True))
    references = [grant.reference for grant in grants]
    known = bulk.among(Transaction, "reference", references)
    earned = dict.fromkeys(ids, 0)
    new, rows = [], []
    for grant in grants:
        if grant.reference in known:
            continue
        known.add(grant.reference)
        pk = grant.viewer.pk
        if balances[pk] + earned[pk] + grant.amount > MOST:
            continue  # nobody can have more, and an integer that overflows would become a float
        earned[pk] += grant.amount
        after = balances[pk] + earned[pk]
        new.append(grant)
        rows.append(
            (pk, Kind.GRANT.value, grant.amount, after, grant.source, grant.reason, grant.reference, grant.event, now)
        )
    bulk.insert(Transaction, COLUMNS, rows)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE economy_points SET balance = balance + %s WHERE viewer_id = %s",
            [(earned[pk], pk) for pk in ids if earned[pk]],
        )
    after_commit(_tell, new)
    return new


COLUMNS = ("viewer_id", "kind", "delta", "balance_after", "source", "reason", "reference", "event", "created_at")


def _tell(granted: Sequence[Grant]) -> None:
    if len(granted) > MOST_LOGGED:
        log.info(
            "granted %d to %d viewers", sum(one.amount for one in granted), len({one.viewer.pk for one in granted})
        )
        return
    for one in granted:
        log.info(GRANTED, one.amount, one.viewer.key, one.source)


def grant(viewer: Viewer, amount: int, *, source: str, reference: str, reason: str = "", by: str = "") -> Transaction:
    """Give `amount` points (> 0). The same reference again raises IntegrityError."""
    check(amount)
    return _change(viewer, amount, Kind.GRANT, source=source, reference=reference, reason=reason, by=by)


def spend(
    viewer: Viewer, amount: int, *, source: str, reference: str, reason: str = "", event: str = ""
) -> Transaction:
    """Take `amount` points (> 0). Refused, with what is missing, when the balance is smaller; nothing is taken then."""
    check(amount)
    return _change(viewer, -amount, Kind.SPEND, source=source, reference=reference, reason=reason, event=event)


def refund(spent: Transaction, *, reason: str, by: str = "") -> Transaction:
    """Give back what `spent` took, once: asked again, the first refund is returned and nothing moves.

    Raises ValueError for a transaction that is not a spend.
    """
    if spent.kind != Kind.SPEND:
        raise ValueError(f"transaction {spent.pk} is a {spent.kind}, not a spend: there is nothing to refund")
    return _undo(spent, Kind.REFUND, reason=reason, by=by)


def reverse(row: Transaction, *, reason: str = "", by: str = "") -> Transaction:
    """Take back what `row` did, once, whoever asks again; returns the row that does it.

    A spend is refunded; of a transfer both sides move back. Refused where the viewer has spent it meanwhile.
    Raises ValueError for what is an undoing itself, and for a merge, which is undone as a whole.
    """
    if row.kind == Kind.SPEND:
        return refund(row, reason=reason, by=by)
    if row.kind in UNDOING or row.kind == Kind.MERGE:
        raise ValueError(f"transaction {row.pk} is a {row.kind}: it can't be reversed")
    if row.kind != Kind.TRANSFER:
        return _undo(row, Kind.REVERSAL, reason=reason, by=by)
    cause, _, side = row.reference.rpartition(":")
    other = Transaction.objects.get(reference=f"{cause}:{'in' if side == 'out' else 'out'}")
    with transaction.atomic():
        hold(row.viewer_id, other.viewer_id)
        _undo(other, Kind.REVERSAL, reason=reason, by=by)
        return _undo(row, Kind.REVERSAL, reason=reason, by=by)


def _undo(row: Transaction, kind: Kind, *, reason: str, by: str) -> Transaction:
    with transaction.atomic():
        # Holding the balance's row makes two who undo take turns, so that the second one sees the first one's row.
        hold(row.viewer_id)
        done: Transaction | None = Transaction.objects.filter(undoes=row).first()
        if done is not None:
            return done
        undone = _change(
            row.viewer,
            -row.delta,
            kind,
            source=row.source,
            reference=f"{kind}:{row.pk}",
            reason=reason,
            by=by,
            event=row.event,
            counterpart=row.counterpart,
            undoes=row,
        )
        heir = heir_of(row.viewer)  # who it was then may be somebody else now
        if undone.delta > 0 and heir != row.viewer:
            on = f"{kind}:{row.pk}:on"
            transfer(row.viewer, heir, undone.delta, source="merge", reference=on, kind=Kind.MERGE)
        return undone


def heir_of(viewer: Viewer) -> Viewer:
    """Whom `viewer` was merged into, and that one, and so on; else the same."""
    while (heir := Viewer.objects.filter(merged_from=viewer).first()) is not None:
        viewer = heir
    return viewer


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
    check_change(delta)
    return _change(
        viewer, delta, Kind.ADJUST, source=source, reference=reference, reason=reason, by=by, counterpart=moderator
    )


def transfer(
    giver: Viewer,
    taker: Viewer,
    amount: int,
    *,
    source: str,
    reference: str,
    event: str = "",
    kind: Kind = Kind.TRANSFER,
) -> Transaction:
    """Move `amount` points (> 0) to another viewer; returns the giver's row. Refused when the giver has too few."""
    check(amount)
    if giver.pk == taker.pk:
        raise Refused("you can't give points to yourself")
    with transaction.atomic():
        hold(giver.pk, taker.pk)
        out, into = f"{reference}:out", f"{reference}:in"
        given = _change(giver, -amount, kind, source=source, reference=out, event=event, counterpart=taker)
        _change(taker, amount, kind, source=source, reference=into, event=event, counterpart=giver)
        return given


def hold(*viewer_ids: int) -> None:
    """Lock these balances until the end of the transaction, in one order: two who want the same ones wait for each
    other, not for ever.
    """
    bulk.rows_with(Points, "viewer_id", viewer_ids, "viewer_id", lock=True)


def _change(
    viewer: Viewer,
    delta: int,
    kind: Kind,
    *,
    source: str,
    reference: str,
    reason: str = "",
    by: str = "",
    event: str = "",
    counterpart: Viewer | None = None,
    undoes: Transaction | None = None,
) -> Transaction:
    with transaction.atomic():
        balance = _move(viewer, delta)
        row = Transaction.objects.create(
            viewer=viewer,
            kind=kind,
            delta=delta,
            balance_after=balance,
            source=source,
            reason=reason[:200],
            reference=reference,
            by=by,
            event=event,
            counterpart=counterpart,
            undoes=undoes,
            created_at=timezone.now(),
        )
        said = "refunded %d to %s (%s)" if kind == Kind.REFUND else GRANTED if delta > 0 else "took %d from %s (%s)"
        after_commit(log.info, said, abs(delta), viewer.key, source)
        return row


def _move(viewer: Viewer, delta: int) -> int:
    """Change the balance, in one statement, if it does not go below nothing, nor up beyond MOST; returns what it is
    then.
    """
    highest, values = "", [delta, viewer.pk, -delta]
    if delta > 0:
        highest, values = "AND balance <= %s ", [*values, MOST - delta]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE economy_points SET balance = balance + %s WHERE viewer_id = %s AND balance >= %s "
            f"{highest}RETURNING balance",
            values,
        )
        row = cursor.fetchone()
    if row is None:
        raise Refused(_why_not(delta, Points.objects.get(pk=viewer.pk).balance))
    return int(row[0])


def _why_not(delta: int, balance: int) -> str:
    if delta > 0:
        return f"nobody can have more than {MOST} points"
    missing = -delta - balance
    return f"you need {missing} more {'point' if missing == 1 else 'points'} (you have {balance})"


def check(amount: object, *, least: int = 1, most: int = MOST) -> None:
    """Raise ValueError, with the number, for what is no whole number from `least` to `most`."""
    if isinstance(amount, bool) or not isinstance(amount, int) or not least <= amount <= most:
        raise ValueError(f"an amount must be a whole number from {least} to {most}, not {amount!r}")


def check_change(delta: object) -> None:
    """Raise ValueError, with the number, for what is no change: zero, True, more than may be given or taken."""
    if isinstance(delta, int) and delta < 0:
        check(-delta, most=MOST_TAKEN)
    else:
        check(delta)
