"""`manage.py import_pixel PATH`: import the SQLite file of the original Pixel (github.com/MaisieBae/Pixel).

Its tables, as its `app/core/models.py` declares them: users, points, transactions, xp, xp_transactions, redeems, items
and inventory.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone

from economy.ledger import accounts, imported
from economy.ledger.accounts import MAX_BALANCE
from economy.ledger.imported import History, PastChange
from economy.models import Item, ItemGrant, Viewer, viewer_key
from economy.viewers import inventory, people
from pixelbot_site.kit import pieces
from pixelbot_site.kit.transactions import again_after_deadlock, take_turn
from redeems.management.osc_map import take_over
from redeems.models import Redeem

# Prefix of the references of imported rows, by which a second run knows them.
CAUSE = "pixel"
# Users in one transaction; fewer, where they have more changes than this. 5,000 changes held it for half a second.
MAX_USERS = 500
MAX_CHANGES = 1000


@dataclass(frozen=True)
class Original:
    """What the original's file holds, by the ids of its users; items by their keys."""

    users: list[sqlite3.Row]
    balances: dict[int, int]
    xp_totals: dict[int, int]
    point_changes: defaultdict[int, list[PastChange]]
    xp_changes: defaultdict[int, list[PastChange]]
    items: dict[str, sqlite3.Row]
    inventory: defaultdict[int, list[Holding]]
    redeems: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Holding:
    """A row of the original's inventory."""

    number: int
    item_key: str
    quantity: int


class Command(BaseCommand):
    """Imports in pieces, beside a bot that runs. Another run imports what is missing, or what the file gained since."""

    help = "Import viewers, points, XP, their histories and redeems from the original Pixel's SQLite file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the path of the file."""
        parser.add_argument("path", type=Path)
        parser.add_argument(
            "--osc-map", type=Path, help="The original's data/signal_osc_map.json: what redeems and levels send by OSC."
        )

    def handle(self, *args: Any, path: Path, osc_map: Path | None, **options: Any) -> None:
        """Import the file at `path`, and print what was imported."""
        with closing(open_original(path)) as source:
            original = read_original(source)
        named = {user["id"]: usable_name(user) for user in original.users}
        for user in original.users:
            if not named[user["id"]]:
                self.stderr.write(f"User {user['id']} has no usable name ({user['name']!r:.60}) and is left out.")
        create_items(original)
        users = [user for user in original.users if named[user["id"]]]
        changes = items = done = 0
        for piece in pieces_of(users, original):
            began = time.monotonic()
            written = import_piece(piece, original)
            changes, items, done = changes + written[0], items + written[1], done + len(piece)
            self.stdout.write(f"{done} of {len(users)} viewers")
            if done < len(users):
                pieces.pause(began)
        redeems = sum(Redeem.objects.filter(key=key).update(**row) for key, row in original.redeems.items())
        counts = f"{len(original.users)} viewers, {changes} changes of points and XP, {redeems} redeems"
        self.stdout.write(f"{counts}, {items} items in inventories.")
        if osc_map is not None:
            with transaction.atomic():
                for sentence in take_over(osc_map):
                    self.stdout.write(sentence)


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
        holding = Holding(row["id"], str(row["item_key"]), min(whole(row["qty"]), 2**31 - 1))
        if holding.quantity:
            inventory_rows[row["user_id"]].append(holding)
    return Original(
        users=read_table(source, "users"),
        balances={row["user_id"]: whole(row["balance"]) for row in read_table(source, "points")},
        xp_totals={row["user_id"]: whole(row["total_xp"]) for row in read_table(source, "xp")},
        point_changes=read_changes(source, "transactions"),
        xp_changes=read_changes(source, "xp_transactions"),
        items={row["key"]: row for row in read_table(source, "items")},
        inventory=inventory_rows,
        redeems={row["key"]: redeem_fields(row) for row in read_table(source, "redeems")},
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


def redeem_fields(row: sqlite3.Row) -> dict[str, Any]:
    """Return price, title, cooldown and switch of a redeem, as ours are called."""
    fields = {
        "title": str(row["display_name"] or row["key"])[:100],
        "cost": whole(row["cost"]),
        "enabled": bool(row["enabled"]),
    }
    if "cooldown_s" in row.keys():  # noqa: SIM118 (a Row's own keys, not its values)
        fields["cooldown_seconds"] = whole(row["cooldown_s"])
    return fields


def usable_name(user: sqlite3.Row) -> str:
    """Return the user's name, "" where it can't be used."""
    name = str(user["name"] or "").replace("\0", "").strip()
    return name if people.is_username(name) else ""


def item_key(holding: Holding) -> str:
    """Return the key that the item has here."""
    return re.sub(r"[^\w-]+", "-", holding.item_key)[:40]


def create_items(original: Original) -> None:
    """Create the items that somebody has and that are new here."""
    holdings = {item_key(holding): holding for held in original.inventory.values() for holding in held}
    for key, holding in holdings.items():
        description = original.items.get(holding.item_key)
        texts = dict(description) if description else {}
        name = str(texts.get("name") or holding.item_key)[:100]
        Item.objects.get_or_create(key=key, defaults={"name": name, "description": str(texts.get("description") or "")})


def pieces_of(users: Sequence[sqlite3.Row], original: Original) -> Iterator[list[sqlite3.Row]]:
    """Yield the users in pieces of MAX_USERS and about MAX_CHANGES; a user's own changes stay together."""
    piece: list[sqlite3.Row] = []
    changes = 0
    for user in users:
        piece.append(user)
        changes += len(original.point_changes[user["id"]]) + len(original.xp_changes[user["id"]])
        if len(piece) >= MAX_USERS or changes >= MAX_CHANGES:
            yield piece
            piece, changes = [], 0
    if piece:
        yield piece


@again_after_deadlock
def import_piece(users: Sequence[sqlite3.Row], original: Original) -> tuple[int, int]:
    """Import these users; returns the changes of points and XP, and the rows of inventories, that were written."""
    with transaction.atomic():
        take_turn()  # nobody is merged meanwhile
        viewers = import_viewers(users)
        accounts.lock(*{viewer.pk for viewer in viewers.values()})
        of_points, of_xp, grants = [], [], []
        ids = dict(Item.objects.values_list("key", "pk"))
        for user in users:
            person, viewer = user["id"], viewers[viewer_key(usable_name(user))]
            balance, total = original.balances.get(person, 0), original.xp_totals.get(person, 0)
            of_points.append(History(viewer, person, original.point_changes[person], balance))
            of_xp.append(History(viewer, person, original.xp_changes[person], total))
            grants += [
                ItemGrant(
                    viewer=viewer,
                    item_id=ids[item_key(holding)],
                    quantity=holding.quantity,
                    reference=f"{CAUSE}:item:{holding.number}",
                )
                for holding in original.inventory[person]
            ]
        changes = imported.import_xp(of_xp, cause=CAUSE) + imported.import_points(of_points, cause=CAUSE)
        return changes, inventory.give_many(grants)


def import_viewers(users: Sequence[sqlite3.Row]) -> dict[str, Viewer]:
    """Return the viewers with the users' names, by key, created where there are none, seen as early as there."""
    by_key = {viewer_key(usable_name(user)): user for user in users}
    known = people.with_keys(by_key)
    new = {key: user for key, user in by_key.items() if key not in known}
    # No start amount: the original's balance is the viewer's.
    arrived = people.seen([usable_name(user) for user in new.values()], now=timezone.now(), welcome=False)
    viewers = known | arrived
    moments = connection.ops.adapt_datetimefield_value
    last = [(moments(moment(user["last_seen"])), arrived[key].pk) for key, user in new.items()]
    first = [(moments(moment(user["first_seen"])), viewers[viewer_key(usable_name(user))].pk) for user in users]
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE economy_viewer SET last_seen_at = %s WHERE id = %s", last)
        cursor.executemany(
            "UPDATE economy_viewer SET first_seen_at = %s WHERE id = %s AND first_seen_at > %s",
            [(at, pk, at) for at, pk in first],
        )
    return viewers


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
