"""A new database gets its tables at once, one of an earlier version by the migrations that it lacks: both are the same."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

from economy.models import Viewer
from pixelbot_site import setup
from tests.single_migrations import migrate_back, single_executor

# Where an earlier version was in some of the apps.
EARLIER = [("effects", "0030_purchases_of_commands"), ("redeems", "0005_labels"), ("joystick", "0020_moderation")]


@pytest.mark.django_db
def test_the_single_migrations_lead_to_the_same_tables() -> None:
    graph = single_executor().loader.graph
    found = MigrationAutodetector(graph.make_state(), ProjectState.from_apps(apps)).changes(graph)
    assert not {app: migration.operations for app in found for migration in found[app]}


@pytest.mark.journey  # migrates there and back, some seconds
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("earlier", [[], EARLIER], ids=["the last one", "one before"])
def test_a_database_of_an_earlier_version_goes_on(earlier: Sequence[tuple[str, str]]) -> None:
    Viewer.objects.create(username="Bob", key="bob")
    migrate_back(earlier)
    recorder = MigrationRecorder(connection)
    for app, name in set(recorder.applied_migrations()):
        if "_squashed_" in name:
            recorder.record_unapplied(app, name)
    call_command("migrate", verbosity=0)
    assert setup.migrations_on_disk() <= set(recorder.applied_migrations())
    assert list(Viewer.objects.values_list("key", flat=True)) == ["bob"]
