"""`manage.py backup`: make a backup now; the bot may run meanwhile."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pixelbot_site.backups import shelf


class Command(BaseCommand):
    """Makes a backup, and prints where it is."""

    help = "Make a backup of database, uploaded files and settings, without secrets."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it. Raise CommandError, with a sentence, where that is not possible."""
        try:
            made = shelf.make()
        except shelf.ERRORS as error:
            raise CommandError(f"No backup could be made: {error}") from error
        self.stdout.write(f"Made and checked: {made}")
