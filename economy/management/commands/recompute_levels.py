"""`manage.py recompute_levels`: after a change of XP_BASE, XP_EXPONENT or XP_MAX_LEVEL."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from economy.ledger import recomputing
from economy.models import XP


class Command(BaseCommand):
    """Recomputes levels and prints the progress."""

    help = "Make every viewer's level anew by the present curve. XP stays; nobody is rewarded for it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Work in pieces; the bot may run meanwhile."""
        total = XP.objects.count()
        for done in recomputing.recompute():
            self.stdout.write(f"{done} of {total} viewers ({done * 100 // max(total, done)}%)")
        self.stdout.write("Every level is by the present curve.")
