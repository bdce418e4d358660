"""What nobody can do to a ledger, done for once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connection

from economy.apps import guard_ledgers
from economy.models.append_only import PREFIX


@contextmanager
def tampered() -> Iterator[None]:
    """Without the triggers."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s", [f"{PREFIX}%"])
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        else:
            for table in ("economy_transaction", "economy_xptransaction"):
                cursor.execute(
                    f"DROP TRIGGER {PREFIX}{table} ON {table}; DROP TRIGGER {PREFIX}{table}_truncate ON {table}"
                )
    yield
    guard_ledgers(apps.get_app_config("economy"), using="default")  # type: ignore[arg-type]
