"""`manage.py batch_points add 100 --reason raffle`: the same change for many viewers."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from economy.batches import batch
from economy.batches.target import Target
from economy.models import Batch, Currency, Operation

BAR = 30


class Command(BaseCommand):
    """Shows a preview, asks for confirmation, and shows the progress."""

    help = "Add, subtract or set the points (or the XP) of many viewers; or reverse such a batch."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add operation, amount, reason and filters."""
        parser.add_argument("operation", choices=Operation.values)
        parser.add_argument("amount", type=int, help="With reverse: the number of the batch.")
        parser.add_argument("--xp", action="store_true", help="XP instead of points.")
        parser.add_argument(
            "--seen", type=int, metavar="DAYS", dest="seen_within_days", help="Only who was seen in the last DAYS days."
        )
        parser.add_argument("--subscribers", action="store_true")
        parser.add_argument("--present", action="store_true", help="Only who is here now.")
        parser.add_argument("--level", type=int, dest="least_level", help="Only who has at least this level.")
        parser.add_argument("--skip", action="store_true", help="Leave out who has too little; else they go to zero.")
        parser.add_argument("--reason", default="")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Preview, ask, run."""
        try:
            planned = reversal(options) if options["operation"] == Operation.REVERSE else plan(options)
        except ValueError as error:
            raise CommandError(f"{error}.") from None
        preview = batch.preview(planned)
        short = f", {preview.too_little} have too little" if preview.too_little else ""
        self.stdout.write(f"{preview.viewers} viewers, {preview.changed:+} {planned.get_currency_display()}{short}.")
        if not options["yes"] and input("Do it? [y/N] ").strip().lower() not in {"y", "yes"}:
            self.stdout.write("Nothing was done.")
            return
        done = batch.run(planned, progress=self.show)
        self.stdout.write(
            f"\nBatch {done.pk}: {done.success} changed, {done.failed} left out, {done.level_ups} levels up."
        )

    def show(self, row: Batch) -> None:
        """Print the progress."""
        share = row.done / max(row.total, row.done, 1)
        self.stdout.write(f"\r[{'#' * int(share * BAR):<{BAR}}] {row.done} of {row.total}", ending="")
        self.stdout.flush()


def plan(options: dict[str, Any]) -> Batch:
    """The batch that the options mean."""
    return batch.plan(
        Currency.XP if options["xp"] else Currency.POINTS,
        options["operation"],
        options["amount"],
        target=Target.of(options),
        skips=options["skip"],
        reason=options["reason"],
        by="manage.py",
    )


def reversal(options: dict[str, Any]) -> Batch:
    """The batch that takes back the one of that number."""
    row = Batch.objects.filter(pk=options["amount"]).first()
    if row is None:
        raise CommandError(f"There is no batch {options['amount']}.")
    return batch.plan_reversal(row, by="manage.py")
