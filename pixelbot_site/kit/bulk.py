"""Reading and writing many rows without a model instance for each, which would cost more than the database's work."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, models

# Parameters in one statement. SQLite's limit is 32,766, PostgreSQL's 65,535.
MAX_VALUES = 20_000


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows`, tuples of values in the order of `columns` (attribute names: `viewer_id`, not `viewer`).

    The model's other fields get their defaults, computed once for all rows. Datetimes are adapted to the database;
    other values must be of types that its driver accepts. Nothing is validated, and no ids are returned.
    """
    if not rows:
        return
    statement, constants, moments = _plan(model, tuple(columns))
    adapt = connection.ops.adapt_datetimefield_value
    # The rows of a batch share a few moments, and adapting one costs as much as the rest of a row.
    adapted: dict[datetime, Any] = {}

    def adapt_row(row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for position in moments:
            moment = values[position]
            if moment is not None:
                if moment not in adapted:
                    adapted[moment] = adapt(moment)
                values[position] = adapted[moment]
        return values + constants

    with connection.cursor() as cursor:
        cursor.executemany(statement, [adapt_row(row) for row in rows])


@cache
def _plan(model: type[models.Model], columns: tuple[str, ...]) -> tuple[str, list[Any], list[int]]:
    """Return the statement, the defaults of the other fields, and the positions of the datetimes in `columns`."""
    fields = {field.attname: field for field in model._meta.concrete_fields if not field.primary_key}
    rest = [field for name, field in fields.items() if name not in columns]
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in [*(fields[name] for name in columns), *rest])
    marks = ", ".join(["%s"] * (len(columns) + len(rest)))
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})"
    moments = [position for position, name in enumerate(columns) if isinstance(fields[name], models.DateTimeField)]
    return statement, [field.get_default() for field in rest], moments


def rows_with(
    model: type[models.Model],
    column: str,
    values: Collection[Any],
    *wanted: str,
    lock: bool = False,
    skip_locked: bool = False,
) -> list[tuple[Any, ...]]:
    """Return the columns `wanted` of the rows whose `column` is among `values`, as tuples ordered by `column`.

    Columns are the database's names; only integers and strings work, since nothing is converted. With `lock` the rows
    stay locked until the end of the transaction; with `skip_locked` those are left out that another one has locked.
    """
    if not values:
        return []
    if len(values) > MAX_VALUES:
        # Sorted, so that two transactions lock rows in the same order across their statements, too.
        ordered = sorted(values)
        more = {"lock": lock, "skip_locked": skip_locked}
        head = rows_with(model, column, ordered[:MAX_VALUES], *wanted, **more)
        return head + rows_with(model, column, ordered[MAX_VALUES:], *wanted, **more)
    quote = connection.ops.quote_name
    marks = ", ".join(["%s"] * len(values))
    # Not FOR UPDATE, which would block inserts that refer to these rows. SQLite has one writer at a time anyway.
    for_update = " FOR NO KEY UPDATE" if lock and connection.vendor == "postgresql" else ""
    if for_update and skip_locked:
        for_update += " SKIP LOCKED"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(map(quote, wanted))} FROM {quote(model._meta.db_table)} "
            f"WHERE {quote(column)} IN ({marks}) ORDER BY {quote(column)}{for_update}",
            list(values),
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def among(model: type[models.Model], column: str, values: Collection[Any]) -> set[Any]:
    """Return those of `values` that some row has in `column`."""
    return {value for (value,) in rows_with(model, column, values, column)}
