"""The migrations one by one: a new database gets its tables by those that replace them."""

from __future__ import annotations

from collections.abc import Sequence

from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader


def single_executor() -> MigrationExecutor:
    """Return an executor that knows the single migrations alone, none that replaces them."""
    executor = MigrationExecutor(connection)
    executor.loader = MigrationLoader(connection, replace_migrations=False)
    for name, migration in executor.loader.replacements.items():
        executor.loader.graph.remove_replacement_node(name, migration.replaces)
    return executor


def migrate_back(names: Sequence[tuple[str, str]]) -> Apps:
    """Take the tables back to those of an earlier version, in which these were the last; return its models."""
    executor = single_executor()
    executor.migrate(list(names))
    return executor.loader.project_state(list(names)).apps


def migrate() -> None:
    """Migrate to what today's code needs."""
    executor = single_executor()
    executor.migrate(executor.loader.graph.leaf_nodes())
