"""`manage.py restore FILE`: put a backup in the place of what is there, while the bot is stopped."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pixelbot_site.backups import restoring
from pixelbot_site.kit.errors import Failed
from pixelbot_site.upkeep import data_folder


class Command(BaseCommand):
    """Restores a backup, and prints where the replaced files are."""

    help = "Restore a backup. What it replaces is kept."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the argument."""
        parser.add_argument("file", type=Path, help="A zip that `manage.py backup` or the dashboard made.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore it. Raise CommandError, with a sentence, where that is not possible."""
        with data_folder.lock(), data_folder.explained():
            try:
                replaced, found = restoring.restore(options["file"])
            except Failed as error:
                raise CommandError(f"Nothing was changed: {error}.") from error
        for sentence in found:
            self.stdout.write(f"The audit of this backup found: {sentence}")
        self.stdout.write(f"Restored. What was there is in {replaced}.")
        self.stdout.write(f"The settings of the backup are in {restoring.RESTORED_SETTINGS}; your .env is as it was.")
