"""Points and XP as one type: where balances and rows are stored, and what writes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db.models import Q

from economy.ledger import points, xp
from economy.ledger.accounts import Row
from economy.models import UNDOING, XP, Currency, Points, Transaction, TransactionKind, Viewer, XPTransaction
from pixelbot_site.kit import bulk


class Writer(Protocol):
    """A function that writes rows and their balances and returns how many viewers went up a level."""

    def __call__(self, rows: Sequence[Row], *, kind: TransactionKind) -> int: ...


class Mover(Protocol):
    """A function that moves an amount between merged viewers. Raises Refused if a balance would leave its bounds."""

    def __call__(self, giver: Viewer, taker: Viewer, amount: int, *, reference: str, by: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class Ledger:
    """A currency's balances and ledger.

    `column` is the amount in `balances`. Of the ledger's rows, `minted` are those by which a viewer earned something,
    rather than got it from another or back, and `standing` those that no other row undoes.
    """

    currency: Currency
    balances: type[Points] | type[XP]
    column: str
    rows: type[Transaction] | type[XPTransaction]
    minted: Q
    standing: Q
    write: Writer
    move: Mover

    @property
    def of_viewer(self) -> str:
        """Return the path from a viewer to the amount, for querysets: "points__balance"."""
        return f"{self.currency.value}__{self.column}"

    def amount_of(self, viewer_id: int) -> int:
        """Return what a viewer has."""
        ((_, amount),) = bulk.rows_with(self.balances, "viewer_id", [viewer_id], "viewer_id", self.column)
        return int(amount)

    def held(self, viewer_ids: Collection[int]) -> dict[int, int]:
        """Lock the balances of these viewers until the end of the transaction; returns the amounts by viewer."""
        return dict(bulk.rows_with(self.balances, "viewer_id", viewer_ids, "viewer_id", self.column, lock=True))


def _write_points(rows: Sequence[Row], *, kind: TransactionKind) -> int:
    points.write_rows(rows, kind=kind)
    return 0


def _write_xp(rows: Sequence[Row], *, kind: TransactionKind) -> int:
    curve = xp.current_curve()
    xp.write_rows(rows, curve=curve)
    return sum(curve.level(row.after) > curve.level(row.after - row.delta) for row in rows)


POINTS_LEDGER = Ledger(
    Currency.POINTS,
    Points,
    "balance",
    Transaction,
    minted=Q(delta__gt=0) & ~Q(kind__in=[TransactionKind.TRANSFER, TransactionKind.MERGE, *UNDOING]),
    standing=Q(undone_by=None),
    write=_write_points,
    move=points.move,
)
XP_LEDGER = Ledger(
    Currency.XP,
    XP,
    "total",
    XPTransaction,
    minted=Q(delta__gt=0) & ~Q(source="merge"),
    standing=Q(),
    write=_write_xp,
    move=xp.move,
)
LEDGERS = {Currency.POINTS: POINTS_LEDGER, Currency.XP: XP_LEDGER}


def ledger_of(currency: str) -> Ledger:
    """Return the ledger of a currency, which may be given by its value. Raises ValueError for no currency."""
    return LEDGERS[Currency(currency)]
