"""Many rows in one go, without a model instance for each: the ORM's own way costs more than the database's work."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, models

MAX_VALUES = 20_000
"""In one statement: SQLite takes 32,766."""


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows`, whose values stand in the order of `columns` (attribute names: `viewer_id`, not `viewer`).

    The model's other fields get their defaults, the same for all rows. Values are taken as the database's driver takes
    them, datetimes excepted; nothing is validated and nothing is read back.
    """
    if not rows:
        return
    statement, constants, moments = _plan(model, tuple(columns))
    adapt = connection.ops.adapt_datetimefield_value
    adapted: dict[datetime, Any] = {}

    def ready(row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for position in moments:
            moment = values[position]
            if moment is not None:
                if moment not in adapted:
                    adapted[moment] = adapt(moment)
                values[position] = adapted[moment]
        return values + constants

    with connection.cursor() as cursor:
        cursor.executemany(statement, [ready(row) for row in rows])


@cache
def _plan(model: type[models.Model], columns: tuple[str, ...]) -> tuple[str, list[Any], list[int]]:
    """(the statement, the values of the fields that are not named, the positions of datetimes among the named)."""
    fields = {field.attname: field for field in model._meta.concrete_fields if not field.primary_key}
    rest = [field for name, field in fields.items() if name not in columns]
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in [*(fields[name] for name in columns), *rest])
    marks = ", ".join(["%s"] * (len(columns) + len(rest)))
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})"
    moments = [place for place, name in enumerate(columns) if isinstance(fields[name], models.DateTimeField)]
    return statement, [field.get_default() for field in rest], moments


def rows_with(
    model: type[models.Model], column: str, values: Collection[Any], *wanted: str, lock: bool = False
) -> list[tuple[Any, ...]]:
    """The columns `wanted` of the rows whose `column` is among `values`, as tuples, by that column's order.

    Column names, not attribute names; whole numbers and strings only, since nothing is converted. `lock`: the rows are
    held until the transaction's end (on SQLite, which has one writer at a time, they are anyway).
    """
    if not values:
        return []
    if len(values) > MAX_VALUES:
        chosen = list(values)
        head = rows_with(model, column, chosen[:MAX_VALUES], *wanted, lock=lock)
        return head + rows_with(model, column, chosen[MAX_VALUES:], *wanted, lock=lock)
    quote = connection.ops.quote_name
    marks = ", ".join(["%s"] * len(values))
    held = " FOR NO KEY UPDATE" if lock and connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(map(quote, wanted))} FROM {quote(model._meta.db_table)} "
            f"WHERE {quote(column)} IN ({marks}) ORDER BY {quote(column)}{held}",
            list(values),
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def among(model: type[models.Model], column: str, values: Collection[Any]) -> set[Any]:
    """Those of `values` that a row has in `column`."""
    return {value for (value,) in rows_with(model, column, values, column)}
