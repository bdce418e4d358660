"""`manage.py bring pixel FOLDER [--dry-run]`: bring over what the original Pixel kept; `bring undo NUMBER`."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from pixelbot_site.bringing import run
from pixelbot_site.bringing.difference import Difference, State
from pixelbot_site.kit import logs
from pixelbot_site.kit.errors import Refused
from pixelbot_site.models import Import
from pixelbot_site.upkeep import data_folder

BY = "manage.py"


class Command(BaseCommand):
    """Compares and brings over, lists what was brought, and undoes it."""

    help = "Bring over what the original Pixel kept (github.com/MaisieBae/Pixel), or undo that."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be done."""
        ways = parser.add_subparsers(dest="way", required=True)
        pixel = ways.add_parser("pixel", help="The folder of the original bot, or one of its files.")
        pixel.add_argument("place", type=Path)
        pixel.add_argument("--dry-run", action="store_true", help="Show the difference, and write nothing.")
        ways.add_parser("list", help="What was brought over.")
        undo = ways.add_parser("undo", help="Undo an import.")
        undo.add_argument("number", type=int, help="As `bring list` shows it.")

    def handle(self, *args: Any, way: str, **options: Any) -> None:
        """Do what is asked. Raise CommandError, with a sentence, where that is not possible."""
        with data_folder.explained():
            if Import._meta.db_table not in connection.introspection.table_names():
                raise CommandError("Start the bot once before: it makes its tables then.")
            try:
                if way == "pixel":
                    self._bring(options["place"], dry_run=options["dry_run"])
                elif way == "undo":
                    self._undo(options["number"])
                else:
                    self._list()
            except Refused as error:
                raise CommandError(f"Nothing was done: {error}.") from None

    def _bring(self, place: Path, *, dry_run: bool) -> None:
        self._show(run.compare(place))
        if dry_run:
            self.stdout.write("Nothing was written.")
            return
        record = run.bring(place, by=BY, origin=place.resolve().name, tell=self._tell)
        if record is None:
            self.stdout.write("There was nothing to bring over.")
        else:
            self.stdout.write(f"Done. To undo it: manage.py bring undo {record.pk}")

    def _show(self, differences: Any) -> None:
        """Print each difference, and of what is the same only how much."""
        counts: Counter[State] = Counter()
        section = ""
        for one in differences:
            counts[one.state] += 1
            if one.state is not State.SAME:
                if one.section != section:
                    section = one.section
                    self.stdout.write(f"{section}:")
                self.stdout.write(f"  {logs.escaped(_line(one))}")
        self.stdout.write(", ".join(f"{counts[state]} {state}" for state in State if counts[state]) + ".")

    def _tell(self, progress: str) -> None:
        self.stdout.write(progress)

    def _undo(self, number: int) -> None:
        record = Import.objects.filter(pk=number).first()
        if record is None:
            raise CommandError(f"There is no import {number}.")
        left = run.undo(record, by=BY)
        for sentence in left:
            self.stdout.write(f"  {logs.escaped(sentence)}")
        self.stdout.write("Undone, but for what is named above." if left else "Undone.")

    def _list(self) -> None:
        for record in Import.objects.all():
            self.stdout.write(
                f"{record.pk}  {record.began_at:%Y-%m-%d %H:%M}  {logs.escaped(record.origin)}  {run.state_of(record)}"
            )


def _line(one: Difference) -> str:
    told = "; ".join(one.details)
    return ": ".join(part for part in (f"{one.state}: {one.name}", told) if part) + (
        f" – {one.reason}" if one.reason else ""
    )
