"""The economy: viewers, points, XP."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class EconomyConfig(AppConfig):
    """Installs the triggers that keep the ledgers append-only."""

    name = "economy"

    def ready(self) -> None:
        """Connect to `post_migrate`."""
        post_migrate.connect(guard_ledgers, sender=self)


def guard_ledgers(sender: EconomyConfig, using: str, **_: Any) -> None:
    """Install the triggers after every migration: the tables may be new, or rebuilt."""
    from economy.models.append_only import AppendOnly, install_triggers

    connection = connections[using]
    ledgers = [model._meta.db_table for model in sender.get_models() if issubclass(model, AppendOnly)]
    install_triggers(connection, [table for table in ledgers if table in connection.introspection.table_names()])
