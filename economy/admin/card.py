"""A viewer's card: who they are, what they have, and what they got and bought lately."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest
from django.utils import timezone

from economy.admin.by_hand import ByHandForm
from economy.ledger import sources, xp
from economy.models import FLAGS, UNDOING, Currency, Transaction, TransactionKind, Viewer, XPTransaction
from economy.viewers import inventory, people
from pixelbot_site.kit.hooks import Hook

# Rows of each ledger that are read, and rows of both together that are shown.
MAX_ROWS = 15


@dataclass(frozen=True, slots=True)
class CardPart:
    """A part of the card that a floor above shows: its template, which finds `context` as `part`."""

    template: str
    context: Mapping[str, Any]


viewer_card = Hook[[Viewer, HttpRequest], CardPart | None](
    "viewer_card", __name__, "Return a part of a viewer's card, or None where the user may not see it."
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A row of a ledger on the card. `other` is the other viewer of a transfer, or the moderator in chat."""

    row: Transaction | XPTransaction
    currency: Currency
    why: str
    other: Viewer | None
    is_reversed: bool
    may_be_reversed: bool

    @property
    def amount(self) -> str:
        """Return the amount with its sign and what it is of: `+5 points`."""
        noun = "XP" if self.currency == Currency.XP else "point" if abs(self.row.delta) == 1 else "points"
        return f"{self.row.delta:+} {noun}"


def of(viewer: Viewer, request: HttpRequest, form: ByHandForm | None) -> dict[str, Any]:
    """Return what the card's template shows. `viewer` has points, XP and presence read along; `form` was refused."""
    may_change = request.user.has_perm("economy.change_points") and viewer.merged_into_id is None
    level, within, needed = xp.current_curve().progress(viewer.xp.total)
    presence = getattr(viewer, "presence", None)
    return {
        "badges": [flag.removeprefix("is_") for flag in FLAGS if getattr(viewer, flag)],
        "level": {"number": level, "within": within, "needed": needed},
        "here_since": presence.since if presence and presence.until > timezone.now() else None,
        "items": inventory.held(viewer),
        "tags": people.split_tags(viewer.tags),
        "form": (form or ByHandForm()) if may_change else None,
        "may_reverse": request.user.has_perm("economy.change_points"),
        "receipts": receipts(viewer, request),
        "parts": [part for part in viewer_card.call(viewer, request) if part is not None],
    }


def receipts(viewer: Viewer, request: HttpRequest) -> list[Receipt]:
    """Return the newest rows of the ledgers that the user may see, the newest first."""
    rows: list[Receipt] = []
    if request.user.has_perm("economy.view_transaction"):
        rows += [_of_points(row) for row in _transactions(viewer)]
    if request.user.has_perm("economy.view_xptransaction"):
        rows += [_of_xp(row) for row in _xp_transactions(viewer)]
    return sorted(rows, key=lambda receipt: receipt.row.created_at, reverse=True)[:MAX_ROWS]


def _transactions(viewer: Viewer) -> list[Any]:
    undoing = Transaction.objects.filter(undoes=OuterRef("pk"))
    rows = Transaction.objects.filter(viewer=viewer).select_related("counterpart").order_by("-pk")
    return list(rows.annotate(is_reversed=Exists(undoing))[:MAX_ROWS])


def _xp_transactions(viewer: Viewer) -> list[Any]:
    reference = Concat(Value(f"{xp.REVERSAL}:"), Cast(OuterRef("pk"), CharField()))
    rows = XPTransaction.objects.filter(viewer=viewer).order_by("-pk")
    return list(rows.annotate(is_reversed=Exists(XPTransaction.objects.filter(reference=reference)))[:MAX_ROWS])


def _of_points(row: Any) -> Receipt:
    lasting = row.kind in (*UNDOING, TransactionKind.MERGE)
    return Receipt(row, Currency.POINTS, _why(row), row.counterpart, row.is_reversed, not lasting)


def _of_xp(row: Any) -> Receipt:
    return Receipt(row, Currency.XP, _why(row), None, row.is_reversed, row.source not in xp.IRREVERSIBLE)


def _why(row: Any) -> str:
    words = sources.name_of(row.source)
    if getattr(row, "kind", "") in UNDOING:
        words = f"{row.get_kind_display()} of {words}"
    elif getattr(row, "kind", "") == TransactionKind.TRANSFER:
        words = "Given to" if row.delta < 0 else "Given by"
    return f"{words}: {row.reason}" if row.reason else words
