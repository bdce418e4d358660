"""The order of the rows of one occasion: the first that matches runs."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from joystick.models import Reaction
from joystick.reactions.sentences import specificity


def place(row: Reaction) -> None:
    """Place a new row by what it matches: one item, an exact amount, a range, and what is for all comes last."""
    with transaction.atomic():
        others = [other for other in _rows_of(row.occasion) if other.pk != row.pk]
        own = specificity(row)
        before = next((place for place, other in enumerate(others) if specificity(other) > own), len(others))
        others.insert(before, row)
        _store(others)


def move(row: Reaction, steps: int) -> bool:
    """Move a row up (−1) or down (1) among those of its occasion. Return False where it stands at the end already."""
    with transaction.atomic():
        rows = _rows_of(row.occasion)
        at = next(place for place, other in enumerate(rows) if other.pk == row.pk)
        to = at + steps
        if not 0 <= to < len(rows):
            return False
        rows[at], rows[to] = rows[to], rows[at]
        _store(rows)
    return True


def _rows_of(occasion: str) -> list[Reaction]:
    return list(Reaction.objects.filter(occasion=occasion).order_by("order", "id"))


def _store(rows: Sequence[Reaction]) -> None:
    for order, row in enumerate(rows):
        if row.order != order:
            row.order = order
            Reaction.objects.filter(pk=row.pk).update(order=order)
