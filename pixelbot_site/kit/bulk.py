"""Reading and writing many rows without a model instance for each, which would cost more than the database's work."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import connection, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

# Parameters in one statement. SQLite's limit is 32,766, PostgreSQL's 65,535.
MAX_VALUES = 20_000
# From so many rows on, COPY, which takes one more round trip, is faster than INSERT.
COPY_FROM = 20


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows`, tuples of values in the order of `columns` (attribute names: `viewer_id`, not `viewer`).

    The model's other fields get their defaults, computed once for all rows. Datetimes are adapted to the database;
    other values must be of types that its driver accepts. Nothing is validated, and no ids are returned.
    """
    if not rows:
        return
    plan = _plan(model, tuple(columns))
    database = transaction.get_connection()  # looked up once: behind its name is a proxy
    if database.vendor == "postgresql":  # its driver adapts datetimes itself, and as quickly as the rest
        _copy(plan.target, [[*row, *plan.constants] for row in rows])
    else:
        _insert_each(database, plan, rows)


def _copy(target: str, rows: Sequence[Sequence[Any]]) -> None:
    with connection.cursor() as cursor:
        if len(rows) < COPY_FROM:
            given, values = _values(rows)
            cursor.execute(f"INSERT INTO {target} {given}", values)
        else:
            with connection.wrap_database_errors, cursor.copy(f"COPY {target} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)


def _insert_each(database: BaseDatabaseWrapper, plan: _Plan, rows: Sequence[Sequence[Any]]) -> None:
    adapt = database.ops.adapt_datetimefield_value
    # The rows of a batch share a few moments, and adapting one costs as much as the rest of a row.
    adapted: dict[datetime, Any] = {}

    def adapt_row(row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for position in plan.moments:
            moment = values[position]
            if moment is not None:
                if moment not in adapted:
                    adapted[moment] = adapt(moment)
                values[position] = adapted[moment]
        return [*values, *plan.constants]

    with database.cursor() as cursor:
        cursor.executemany(plan.each, [adapt_row(row) for row in rows])


class _Plan(NamedTuple):
    """A table with its columns, what its other fields get, which columns are moments, and the statement for a row."""

    target: str
    constants: list[Any]
    moments: list[int]
    each: str


@cache
def _plan(model: type[models.Model], columns: tuple[str, ...]) -> _Plan:
    fields = {field.attname: field for field in model._meta.concrete_fields if not field.primary_key}
    rest = [field for name, field in fields.items() if name not in columns]
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in [*(fields[name] for name in columns), *rest])
    target = f"{quote(model._meta.db_table)} ({names})"
    moments = [position for position, name in enumerate(columns) if isinstance(fields[name], models.DateTimeField)]
    marks = ", ".join(["%s"] * (len(columns) + len(rest)))
    each = f"INSERT INTO {target} VALUES ({marks})"
    return _Plan(target, [field.get_default() for field in rest], moments, each)


def update_each(sql: str, rows: Sequence[Sequence[Any]], *types: str) -> int:
    """Execute `sql`, an UPDATE with a WHERE, with each of `rows`; returns how many rows of its table were changed.

    Each row of values changes another row of the table. `types` are PostgreSQL's of the values, bigint where not given:
    there, one statement changes them all.
    """
    if not rows:
        return 0
    database = transaction.get_connection()
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            arrays, values = _arrays(rows, types or ["bigint"] * len(rows[0]))
            names = [f"given{number}" for number in range(len(rows[0]))]
            start, *rest = sql.split("%s")
            joined = start + "".join(f"given.{name}{part}" for name, part in zip(names, rest, strict=True))
            given = f" FROM {arrays} AS given ({', '.join(names)}) WHERE "
            cursor.execute(joined.replace(" WHERE ", given), values)
        else:
            cursor.executemany(sql, rows)
        changed: int = cursor.rowcount
    return changed


def table_of(rows: Sequence[Sequence[Any]], *types: str) -> tuple[str, list[Any]]:
    """Return what an INSERT takes `rows` from, as SQL, and its parameters. `types` are PostgreSQL's of the values."""
    if connection.vendor == "postgresql":
        arrays, values = _arrays(rows, types)
        return f"SELECT * FROM {arrays}", values
    return _values(rows)


def _values(rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    marks = f"({', '.join(['%s'] * len(rows[0]))})"
    return f"VALUES {', '.join([marks] * len(rows))}", [value for row in rows for value in row]


def _arrays(rows: Sequence[Sequence[Any]], types: Sequence[str]) -> tuple[str, list[Any]]:
    # A parameter for each column, not for each value: the driver takes each apart, and the server plans with each.
    return f"unnest({', '.join(f'%s::{kind}[]' for kind in types)})", [
        list(column) for column in zip(*rows, strict=True)
    ]


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
    start, end = _select(model, column, wanted)
    database = transaction.get_connection()  # looked up once: behind its name is a proxy
    if database.vendor == "postgresql":
        condition, parameters = "= ANY(%s)", [list(values)]  # thousands of parameters take longer to plan than to read
        # Not FOR UPDATE, which would block inserts that refer to these rows. SQLite has one writer at a time anyway.
        end += (" FOR NO KEY UPDATE SKIP LOCKED" if skip_locked else " FOR NO KEY UPDATE") if lock else ""
    else:
        condition, parameters = f"IN ({', '.join(['%s'] * len(values))})", list(values)
    with database.cursor() as cursor:
        cursor.execute(f"{start} {condition} {end}", parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@cache
def _select(model: type[models.Model], column: str, wanted: tuple[str, ...]) -> tuple[str, str]:
    """Return what stands before and behind the condition on `column`."""
    quote = connection.ops.quote_name
    table, by = quote(model._meta.db_table), quote(column)
    return f"SELECT {', '.join(map(quote, wanted))} FROM {table} WHERE {by}", f"ORDER BY {by}"


def among(model: type[models.Model], column: str, values: Collection[Any]) -> set[Any]:
    """Return those of `values` that some row has in `column`."""
    return {value for (value,) in rows_with(model, column, values, column)}
