"""Ledger rows as the writers of points and XP take them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection


class Row(NamedTuple):
    """A row to write: `delta` for a viewer who has `after` then. `undoes_id` (points) is the row it takes back."""

    viewer_id: int
    delta: int
    after: int
    source: str
    reference: str
    created_at: datetime
    reason: str = ""
    event: str = ""
    by: str = ""
    undoes_id: int | None = None


class Balance(NamedTuple):
    """A viewer's balance before and after a set of rows."""

    viewer_id: int
    before: int
    after: int


def balances(rows: Sequence[Row]) -> list[Balance]:
    """Return the balances of the viewers in `rows`, by ascending id. Each viewer's rows are in their order."""
    before: dict[int, int] = {}
    after: dict[int, int] = {}
    for row in rows:
        if row.viewer_id not in before:
            before[row.viewer_id] = row.after - row.delta
        after[row.viewer_id] = row.after
    return [Balance(pk, before[pk], after[pk]) for pk in sorted(after)]


def change_each(sql: str, values: Sequence[Sequence[int]]) -> None:
    """Execute `sql`, which changes one balance, with each of `values`.

    Raises RuntimeError where it changed fewer: then the caller computed with balances that it did not hold.
    """
    if not values:
        return
    with connection.cursor() as cursor:
        cursor.executemany(sql, values)
        if cursor.rowcount != len(values):
            raise RuntimeError(f"{len(values)} balances should have changed, {cursor.rowcount} did: they were not held")
