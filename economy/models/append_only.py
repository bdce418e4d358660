"""Rows that are written once: guarded in Python, and by triggers in the database against any client."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

PREFIX = "append_only_"


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """A queryset that reads and inserts."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise TypeError(f"{self.model.__name__} rows are never changed; write a new one instead")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        self.update()

    def delete(self) -> NoReturn:
        """Refuse."""
        raise TypeError(f"{self.model.__name__} rows are never deleted")


AppendOnlyManager = models.Manager.from_queryset(AppendOnlyQuerySet)


class AppendOnly(models.Model):
    """A model whose rows are only ever added."""

    objects = AppendOnlyManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row. Refuse if it exists."""
        if not self._state.adding:
            raise TypeError(f"{type(self).__name__} rows are never changed; write a new one instead")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise TypeError(f"{type(self).__name__} rows are never deleted")


def install_triggers(connection: BaseDatabaseWrapper, tables: list[str]) -> None:
    """Make the database itself refuse UPDATE and DELETE on `tables`, and PostgreSQL's TRUNCATE. Made anew after every
    migration: SQLite drops a table's triggers when a migration rebuilds it.

    SQLite's REPLACE deletes, too, but fires no trigger unless the connection asks for that: ours do (settings.py). A
    trigger before each INSERT would refuse everybody's, and costs a sixth of all events.
    """
    with connection.cursor() as cursor:
        for statement in _statements(connection.vendor, tables):
            cursor.execute(statement)


def _statements(vendor: str, tables: list[str]) -> list[str]:
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {PREFIX}{table}_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for table in tables
            for verb in ("UPDATE", "DELETE")
        ]
    function = (
        f"CREATE OR REPLACE FUNCTION {PREFIX}refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    return [function] + [
        f"DROP TRIGGER IF EXISTS {PREFIX}{table} ON {table}; "
        f"CREATE TRIGGER {PREFIX}{table} BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {PREFIX}refuse(); "
        f"DROP TRIGGER IF EXISTS {PREFIX}{table}_truncate ON {table}; "
        f"CREATE TRIGGER {PREFIX}{table}_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {PREFIX}refuse()"
        for table in tables
    ]
