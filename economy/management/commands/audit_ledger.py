"""`manage.py audit_ledger`: is every balance what its rows say?"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from economy.ledger import audit


class Command(BaseCommand):
    """Prints every fault, and exits with 1 if there is one."""

    help = "Check that every balance of points and XP is the sum of its rows, and every refund has its spend."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the audit."""
        row = audit.run()
        self.stdout.write(row.findings or "The ledger agrees with itself.")
        if row.findings:
            sys.exit(1)
