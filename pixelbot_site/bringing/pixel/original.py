"""The original's SQLite file, read and never written.

Its tables, as its `app/core/models.py` declares them: users, points, transactions, xp, xp_transactions, redeems, items
and inventory.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from economy.ledger.accounts import MAX_BALANCE
from economy.ledger.imported import PastChange
from economy.models import MAX_COOLDOWN, MAX_PRICE
from economy.viewers import people
from pixelbot_site.bringing.difference import LeftOut
from pixelbot_site.bringing.pixel.files import MAX_TEXT, few

# Rows of one table: more is no channel's, and would fill the memory.
MAX_ROWS = 3_000_000
MAX_INTEGER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the original's. `name` is "" where it can't be a viewer's."""

    number: int
    name: str
    told_name: str
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """A row of the original's inventory."""

    number: int
    item: str
    quantity: int


@dataclass(frozen=True)
class Original:
    """What the file holds, by the ids of its users; redeems and items by their keys."""

    users: list[Person]
    balances: Mapping[int, int]
    xp_totals: Mapping[int, int]
    point_changes: Mapping[int, list[PastChange]]
    xp_changes: Mapping[int, list[PastChange]]
    inventory: Mapping[int, list[Holding]]
    items: dict[str, tuple[str, str]]
    redeems: dict[str, dict[str, Any]]


def read(path: Path) -> Original:
    """Read every table that is imported. Raise LeftOut where it is no database of the original's, or a wrong one."""
    try:
        with closing(sqlite3.connect(_address(path), uri=True)) as source:
            source.row_factory = sqlite3.Row
            source.execute("PRAGMA trusted_schema = OFF")
            source.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_TEXT)
            if not _has_table(source, "users"):
                raise LeftOut("This is no database of the original Pixel: it has no table “users”.")
            return _read(source)
    except (sqlite3.Error, UnicodeError) as error:
        raise LeftOut(f"This is no database that can be read: {error}.") from None
    except IndexError as error:  # how a Row says that it has no such column
        raise LeftOut(f"This is no database of the original Pixel: {error}.") from None


def _address(path: Path) -> str:
    # Without a log beside it, nobody has it open. SQLite would leave files of its own there otherwise.
    log = path.with_name(f"{path.name}-wal")
    way = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
    return f"{path.resolve().as_uri()}?{way}"


def item_key(key: str) -> str:
    """Return the key that an item has here."""
    return re.sub(r"[^\w-]+", "-", key)[:40]


def _read(source: sqlite3.Connection) -> Original:
    inventory = defaultdict(list)
    described = {str(row["key"]): row for row in _table(source, "items")}
    items: dict[str, tuple[str, str]] = {}
    for row in _table(source, "inventory"):
        key = str(row["item_key"])
        holding = Holding(_number(row["id"]), item_key(key), min(_whole(row["qty"]), MAX_INTEGER))
        if holding.quantity and holding.item:
            inventory[row["user_id"]].append(holding)
            texts = dict(described[key]) if key in described else {}
            items[holding.item] = (_text(texts.get("name") or key), _text(texts.get("description")))
    return Original(
        users=[_person(row) for row in _table(source, "users")],
        balances={row["user_id"]: _whole(row["balance"]) for row in _table(source, "points")},
        xp_totals={row["user_id"]: _whole(row["total_xp"]) for row in _table(source, "xp")},
        point_changes=_changes(source, "transactions"),
        xp_changes=_changes(source, "xp_transactions"),
        inventory=inventory,
        items=few(items),
        redeems=few({str(row["key"]): _redeem(row) for row in _table(source, "redeems")}),
    )


def _has_table(source: sqlite3.Connection, name: str) -> bool:
    # No views: one can be written so that it never ends.
    return bool(source.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [name]).fetchone())


def _table(source: sqlite3.Connection, name: str) -> Iterator[sqlite3.Row]:
    """Yield all rows of a table, by its first column; none where an older file lacks the table."""
    if _has_table(source, name):
        for count, row in enumerate(source.execute(f"SELECT * FROM {name} ORDER BY 1")):
            if count == MAX_ROWS:
                raise LeftOut(f"Its table {name} has more than {MAX_ROWS} rows.")
            yield row


def _changes(source: sqlite3.Connection, name: str) -> Mapping[int, list[PastChange]]:
    """Return the changes of each user, the oldest first, from one of the original's two ledgers."""
    changes: dict[int, list[PastChange]] = defaultdict(list)
    seen: set[int] = set()
    reasons: dict[str, str] = {}  # a few, each of which a hundred thousand rows have
    for row in _table(source, name):
        number = _number(row["id"])
        if number not in seen:  # a table that was made by hand may have one twice
            seen.add(number)
            delta = _whole(row["delta"], minimum=-MAX_BALANCE)
            reason = _text(row["reason"])
            reason = reasons.setdefault(reason, reason)
            changes[row["user_id"]].append(PastChange(number, delta, reason, _moment(row["created_at"])))
    return changes


def _person(row: sqlite3.Row) -> Person:
    name = _text(row["name"]).strip()
    usable = name if people.is_username(name) else ""
    first, last = (_moment(row[column]) for column in ("first_seen", "last_seen"))
    return Person(_number(row["id"]), usable, name, first, last)


def _redeem(row: sqlite3.Row) -> dict[str, Any]:
    """Return price, title, cooldown and switch of a redeem, as ours are called."""
    fields = {
        "title": _text(row["display_name"] or row["key"])[:100],
        "cost": min(_whole(row["cost"]), MAX_PRICE),
        "enabled": bool(row["enabled"]),
    }
    if "cooldown_s" in row.keys():  # noqa: SIM118 (a Row's own keys, not its values)
        fields["cooldown_seconds"] = min(_whole(row["cooldown_s"]), MAX_COOLDOWN)
    return fields


def _text(value: Any) -> str:
    return str(value or "").replace("\0", "")


def _number(value: Any) -> int:
    """Return a row's id."""
    if not isinstance(value, int):
        raise LeftOut(f"{value!r:.60} is no number of a row.")
    return value


def _whole(value: Any, *, minimum: int = 0) -> int:
    """Return a whole number within what a balance can be. Raise LeftOut for what is no number."""
    try:
        return min(max(int(value or 0), minimum), MAX_BALANCE)
    except (ValueError, TypeError, OverflowError):
        raise LeftOut(f"{value!r:.60} is no number of points or XP.") from None


def _moment(value: Any) -> datetime:
    """Return a stored time, which the original writes in UTC without an offset; the present for what is no time."""
    try:
        time = datetime.fromisoformat(str(value))
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return timezone.now()
