"""`manage.py import_pixel PATH`: from the SQLite file of the original Pixel (github.com/MaisieBae/Pixel).

Its tables, by its own `app/core/models.py`: users, points, transactions, xp, xp_transactions, redeems, items and
inventory.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from economy.ledger import imported
from economy.ledger.amounts import MAX_BALANCE
from economy.ledger.imported import PastChange
from economy.models import USERNAME_MAX, Item, Viewer, viewer_key
from economy.viewers import inventory
from economy.viewers import people as viewers
from redeems.models import Redeem

CAUSE = "pixel"


class Command(BaseCommand):
    """Everything, or nothing; run again, only what is new there."""

    help = "Take over viewers, points, XP, their histories and redeems of the original Pixel's SQLite file."

    def add_arguments(self, parser: CommandParser) -> None:
        """One file."""
        parser.add_argument("path", type=Path)

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        """Read and write."""
        with closing(opened(path)) as source, transaction.atomic():
            people = table(source, "users")
            points = {row["user_id"]: whole(row["balance"]) for row in table(source, "points")}
            experience = {row["user_id"]: whole(row["total_xp"]) for row in table(source, "xp")}
            spent, gathered = pasts(source, "transactions"), pasts(source, "xp_transactions")
            items = {row["key"]: row for row in table(source, "items")}
            belongings = defaultdict(list)
            for row in table(source, "inventory"):
                belongings[row["user_id"]].append(row)
            written = given = 0
            for user in people:
                viewer = arrived(user)
                if viewer is None:
                    self.stderr.write(f"User {user['id']} has no usable name ({user['name']!r:.60}) and is left out.")
                    continue
                who: dict[str, Any] = {"cause": CAUSE, "person": user["id"]}
                balance, total = points.get(user["id"], 0), experience.get(user["id"], 0)
                written += imported.import_points(viewer, spent[user["id"]], balance=balance, **who)
                written += imported.import_xp(viewer, gathered[user["id"]], total=total, **who)
                given += sum(take_over_item(viewer, row, items.get(row["item_key"])) for row in belongings[user["id"]])
            redeems = sum(take_over_redeem(row) for row in table(source, "redeems"))
        counts = f"{len(people)} viewers, {written} changes of points and XP, {redeems} redeems"
        self.stdout.write(f"{counts}, {given} items in inventories.")


def opened(path: Path) -> sqlite3.Connection:
    """The file, to read only; CommandError where it is none of the original's."""
    if not path.is_file():
        raise CommandError(f"There is no file {path}.")
    source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    source.row_factory = sqlite3.Row
    try:
        source.execute("SELECT id, name FROM users LIMIT 1")
    except sqlite3.DatabaseError as error:
        source.close()
        raise CommandError(f"{path} is no database of the original Pixel: {error}.") from None
    return source


def table(source: sqlite3.Connection, name: str) -> list[sqlite3.Row]:
    """All rows; none where the file is from before that table."""
    known = source.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [name]).fetchone()
    return source.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() if known else []


def pasts(source: sqlite3.Connection, name: str) -> defaultdict[int, list[PastChange]]:
    """The changes of each user, in order."""
    found: defaultdict[int, list[PastChange]] = defaultdict(list)
    for row in table(source, name):
        reason = str(row["reason"] or "").replace("\0", "")
        delta = whole(row["delta"], least=-MAX_BALANCE)
        found[row["user_id"]].append(PastChange(row["id"], delta, reason, moment(row["created_at"])))
    return found


def arrived(user: sqlite3.Row) -> Viewer | None:
    """The viewer of that name, who is no newer than over there."""
    name = str(user["name"] or "").replace("\0", "").strip()
    if not name or len(name) > USERNAME_MAX:
        return None
    viewer = viewers.find(name)
    if viewer is None:
        viewer = viewers.seen([name], now=moment(user["last_seen"]), welcome=False)[viewer_key(name)]
    first = moment(user["first_seen"])
    Viewer.objects.filter(pk=viewer.pk, first_seen_at__gt=first).update(first_seen_at=first)
    return viewer


def take_over_redeem(row: sqlite3.Row) -> bool:
    """Price, name, cooldown and switch of a redeem that there is here, too."""
    changes = {
        "title": str(row["display_name"] or row["key"])[:100],
        "cost": whole(row["cost"]),
        "enabled": bool(row["enabled"]),
    }
    if "cooldown_s" in row.keys():  # noqa: SIM118 (a Row's own keys, not its values)
        changes["cooldown_seconds"] = whole(row["cooldown_s"])
    return bool(Redeem.objects.filter(key=row["key"]).update(**changes))


def take_over_item(viewer: Viewer, row: sqlite3.Row, described: sqlite3.Row | None) -> bool:
    """What somebody has, and, where it is new here, the item itself."""
    key, told = re.sub(r"[^\w-]+", "-", str(row["item_key"]))[:40], dict(described) if described else {}
    words = {"name": str(told.get("name") or row["item_key"])[:100], "description": str(told.get("description") or "")}
    Item.objects.get_or_create(key=key, defaults=words)
    quantity = min(whole(row["qty"]), 2**31 - 1)
    return bool(quantity) and inventory.give(viewer, key, quantity, reference=f"{CAUSE}:item:{row['id']}")


def whole(value: Any, *, least: int = 0) -> int:
    """A whole number within what a balance can be."""
    try:
        return min(max(int(value or 0), least), MAX_BALANCE)
    except (ValueError, OverflowError):
        raise CommandError(f"{value!r:.60} is no number of points or XP. Nothing was taken over.") from None


def moment(value: Any) -> datetime:
    """The original writes UTC without saying so."""
    try:
        told = datetime.fromisoformat(str(value))
        return told if told.tzinfo else told.replace(tzinfo=UTC)
    except ValueError:
        return timezone.now()
