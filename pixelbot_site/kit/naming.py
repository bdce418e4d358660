"""Rows found by a name that people type."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet

from pixelbot_site.kit.hooks import Hook

M = TypeVar("M", bound=Model)

rows_naming = Hook[[str, str], list[str]](
    "rows_naming", __name__, "Return the rows, in words, with an effect that names something of this kind and name."
)


def users_of(kind: str, name: str) -> list[str]:
    """Return the rows, in words, with an effect that names something of this kind and name."""
    return [row for rows in rows_naming.call(kind, name) for row in rows]


def named(rows: QuerySet[M], name: str, *, column: str = "name") -> M | None:
    """Return the row of that name, in any case; None where there is none.

    Compared here: of what is not ASCII, SQLite knows no case. For tables of what a streamer made, all names are read.
    """
    wanted = name.strip().casefold()
    found = next((pk for pk, own in rows.values_list("pk", column) if own.casefold() == wanted), None)
    return None if found is None else rows.get(pk=found)
