"""Ledger rows are written once: not by code, not by the admin, not by SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from economy.apps import EconomyConfig, guard_ledgers
from economy.ledger import points, xp
from economy.ledger.levels import Curve
from economy.ledger.xp import XPGrant
from economy.models import Transaction, Viewer, XPTransaction

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[Transaction, XPTransaction])
def row(request: Any, viewer: Callable[..., Viewer], now: Any) -> Any:
    """A row of each ledger."""
    bob = viewer("Bob", points=10)
    xp.grant_many([XPGrant(bob, 5, "tip", "x:1")], curve=Curve(100, 1.8, 99), now=now)
    return request.param.objects.get()


def test_a_row_can_not_be_saved_again_or_deleted(row: Any) -> None:
    row.delta = 1_000_000
    for verb in (row.save, row.delete):
        with pytest.raises(TypeError, match="rows are never"):
            verb()


def test_neither_can_a_queryset(row: Any) -> None:
    rows = type(row).objects.all()
    with pytest.raises(TypeError, match="never changed"):
        rows.update(delta=1)
    with pytest.raises(TypeError, match="never changed"):
        rows.bulk_update([row], ["delta"])
    with pytest.raises(TypeError, match="never deleted"):
        rows.delete()
    with pytest.raises(TypeError, match="never changed"):
        row.viewer.transactions.update(delta=1)


@pytest.mark.parametrize("sql", ["UPDATE {} SET delta = 7", "DELETE FROM {}"])
def test_the_database_itself_refuses(row: Any, sql: str) -> None:
    table = type(row)._meta.db_table
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.format(table))
    assert type(row).objects.get().delta == row.delta


def replaced(row: Any, **values: str) -> str:
    """SQLite's way to put another row where this one is."""
    names = {f'"{field.column}"': values.get(field.column, f'"{field.column}"') for field in row._meta.concrete_fields}
    table = row._meta.db_table
    return (
        f"REPLACE INTO {table} ({', '.join(names)}) SELECT {', '.join(names.values())} FROM {table} WHERE id = {row.pk}"
    )


def test_a_row_can_not_be_replaced_or_swept_away(row: Any) -> None:
    tries = [f"TRUNCATE {row._meta.db_table} CASCADE", "TRUNCATE economy_viewer CASCADE"]
    if connection.vendor == "sqlite":
        tries = [replaced(row, delta="7"), replaced(row, id="id + 1", delta="7")]
    connection.check_constraints()  # PostgreSQL truncates nothing that has checks to come
    for sql in tries:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert type(row).objects.get().delta == row.delta


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite replaces")
def test_an_undoing_can_not_be_replaced(viewer: Callable[..., Viewer]) -> None:
    spent = points.spend(viewer("Bob", points=10), 4, source="redeem", reference="r:1")
    back = points.refund(spent, reason="test")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(replaced(back, id="id + 1", reference="'x'"))
    assert Transaction.objects.get(undoes__isnull=False) == back


def test_after_every_migration_the_triggers_are_there(row: Any) -> None:
    """SQLite drops a table's triggers when a migration rebuilds it."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
    economy = apps.get_app_config("economy")
    assert isinstance(economy, EconomyConfig)
    for _ in range(2):
        guard_ledgers(economy, using="default")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {type(row)._meta.db_table}")


def test_a_viewer_with_a_history_can_not_be_deleted(row: Any) -> None:
    with pytest.raises(ProtectedError):
        row.viewer.delete()


def test_the_ledger_goes_on_writing(viewer: Callable[..., Viewer]) -> None:
    bob = viewer("Bob", points=10)
    spent = points.spend(bob, 4, source="redeem", reference="r:1")
    points.refund(spent, reason="test")
    assert Transaction.objects.count() == 3
