"""`manage.py import_pixel PATH`: import the SQLite file of the original Pixel (github.com/MaisieBae/Pixel).

Its tables, as its `app/core/models.py` declares them: users, points, transactions, xp, xp_transactions, redeems, items
and inventory.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from economy.ledger import imported
from economy.ledger.amounts import MAX_BALANCE
from economy.ledger.imported import PastChange
from economy.models import Item, Viewer, viewer_key
from economy.viewers import inventory, people
from redeems.models import Redeem

# Prefix of the references of imported rows, by which a second run knows them.
CAUSE = "pixel"


@dataclass(frozen=True)
class Original:
    """What the original's file holds, by the ids of its users; items by their keys."""

    users: list[sqlite3.Row]
    balances: dict[int, int]
    xp_totals: dict[int, int]
    point_changes: defaultdict[int, list[PastChange]]
    xp_changes: defaultdict[int, list[PastChange]]
    items: dict[str, sqlite3.Row]
    inventory: defaultdict[int, list[sqlite3.Row]]
    redeems: list[sqlite3.Row]


class Command(BaseCommand):
    """Imports everything in one transaction. A second run imports what the file gained since."""

    help = "Import viewers, points, XP, their histories and redeems from the original Pixel's SQLite file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the path of the file."""
        parser.add_argument("path", type=Path)

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        """Import the file at `path`, and print what was imported."""
        with closing(open_original(path)) as source:
            original = read_original(source)
        changes = items = 0
        with transaction.atomic():
            for user in original.users:
                viewer = import_viewer(user)
                if viewer is None:
                    self.stderr.write(f"User {user['id']} has no usable name ({user['name']!r:.60}) and is left out.")
                    continue
                changes += import_ledgers(viewer, user["id"], original)
                for row in original.inventory[user["id"]]:
                    items += import_item(viewer, row, original.items.get(row["item_key"]))
            redeems = sum(import_redeem(row) for row in original.redeems)
        counts = f"{len(original.users)} viewers, {changes} changes of points and XP, {redeems} redeems"
        self.stdout.write(f"{counts}, {items} items in inventories.")


def open_original(path: Path) -> sqlite3.Connection:
    """Open the file read-only. Raise CommandError where it is not a database of the original."""
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


def read_original(source: sqlite3.Connection) -> Original:
    """Read every table that is imported. Raise CommandError for an amount that is no number."""
    inventory_rows = defaultdict(list)
    for row in read_table(source, "inventory"):
        inventory_rows[row["user_id"]].append(row)
    return Original(
        users=read_table(source, "users"),
        balances={row["user_id"]: whole(row["balance"]) for row in read_table(source, "points")},
        xp_totals={row["user_id"]: whole(row["total_xp"]) for row in read_table(source, "xp")},
        point_changes=read_changes(source, "transactions"),
        xp_changes=read_changes(source, "xp_transactions"),
        items={row["key"]: row for row in read_table(source, "items")},
        inventory=inventory_rows,
        redeems=read_table(source, "redeems"),
    )


def read_table(source: sqlite3.Connection, name: str) -> list[sqlite3.Row]:
    """Return all rows of a table, by its first column; none where an older file lacks the table."""
    exists = source.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [name]).fetchone()
    return source.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() if exists else []


def read_changes(source: sqlite3.Connection, name: str) -> defaultdict[int, list[PastChange]]:
    """Return the changes of each user, the oldest first, from one of the original's two ledgers."""
    changes: defaultdict[int, list[PastChange]] = defaultdict(list)
    for row in read_table(source, name):
        reason = str(row["reason"] or "").replace("\0", "")
        delta = whole(row["delta"], minimum=-MAX_BALANCE)
        changes[row["user_id"]].append(PastChange(row["id"], delta, reason, moment(row["created_at"])))
    return changes


def import_viewer(user: sqlite3.Row) -> Viewer | None:
    """Return the viewer with the user's name, created where there is none; None for a name that can't be used."""
    name = str(user["name"] or "").replace("\0", "").strip()
    if not people.is_username(name):
        return None
    viewer = people.find(name)
    if viewer is None:
        # No start amount: the original's balance is the viewer's.
        viewer = people.seen([name], now=moment(user["last_seen"]), welcome=False)[viewer_key(name)]
    first = moment(user["first_seen"])
    Viewer.objects.filter(pk=viewer.pk, first_seen_at__gt=first).update(first_seen_at=first)
    return viewer


def import_ledgers(viewer: Viewer, user_id: int, original: Original) -> int:
    """Add the user's points and XP to the viewer's, with their histories. Return the number of rows written."""
    balance, total = original.balances.get(user_id, 0), original.xp_totals.get(user_id, 0)
    point_changes, xp_changes = original.point_changes[user_id], original.xp_changes[user_id]
    return imported.import_points(
        viewer, point_changes, balance=balance, cause=CAUSE, person=user_id
    ) + imported.import_xp(viewer, xp_changes, total=total, cause=CAUSE, person=user_id)


def import_redeem(row: sqlite3.Row) -> bool:
    """Set price, title, cooldown and switch of the redeem with that key; return False where there is none here."""
    changes = {
        "title": str(row["display_name"] or row["key"])[:100],
        "cost": whole(row["cost"]),
        "enabled": bool(row["enabled"]),
    }
    if "cooldown_s" in row.keys():  # noqa: SIM118 (a Row's own keys, not its values)
        changes["cooldown_seconds"] = whole(row["cooldown_s"])
    return bool(Redeem.objects.filter(key=row["key"]).update(**changes))


def import_item(viewer: Viewer, row: sqlite3.Row, description: sqlite3.Row | None) -> bool:
    """Give the viewer what a row of the inventory holds, once; create the item where it is new here."""
    key = re.sub(r"[^\w-]+", "-", str(row["item_key"]))[:40]
    texts = dict(description) if description else {}
    name = str(texts.get("name") or row["item_key"])[:100]
    Item.objects.get_or_create(key=key, defaults={"name": name, "description": str(texts.get("description") or "")})
    quantity = min(whole(row["qty"]), 2**31 - 1)
    return bool(quantity) and inventory.give(viewer, key, quantity, reference=f"{CAUSE}:item:{row['id']}")


def whole(value: Any, *, minimum: int = 0) -> int:
    """Return a whole number within what a balance can be. Raise CommandError for what is no number."""
    try:
        return min(max(int(value or 0), minimum), MAX_BALANCE)
    except (ValueError, OverflowError):
        raise CommandError(f"{value!r:.60} is no number of points or XP. Nothing was imported.") from None


def moment(value: Any) -> datetime:
    """Return a stored time, which the original writes in UTC without an offset; the present for what is no time."""
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return timezone.now()
    return time if time.tzinfo else time.replace(tzinfo=UTC)
